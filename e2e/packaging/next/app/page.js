'use client';

import { useEffect } from 'react';
import { createWasiNN } from 'wasi-nn-web';
import { classify } from '../src/classify.js';

export default function Page() {
  useEffect(() => {
    classify(createWasiNN);
  }, []);
  return <p>The title of this page has the answers.</p>;
}
