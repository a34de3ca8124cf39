import { describe, expect, it } from 'vitest';
import { GuestError } from '../../src/index.js';
import { type Attempt, explain } from './explain.js';
import { UnreadablePhotoError } from './photo.js';

const attempt: Attempt = { task: 'photo', modelLoaded: false, isOnline: true };
const failure = new GuestError({ code: 'not-found', text: 'answered 404' });

describe('explain', () => {
  it('says how to get the photo model from elsewhere when it cannot be loaded', () => {
    const { headline, advice, detail } = explain(failure, attempt);
    expect(headline).toContain('photo model could not be loaded');
    expect(advice).toContain('?squeezenet=');
    expect(detail).toBe('answered 404');
  });

  it('says what works where there is no network', () => {
    const { headline, advice } = explain(failure, { ...attempt, isOnline: false });
    expect(headline).toContain('no network');
    expect(advice).toContain('Digits');
  });

  it('does not blame the download once the model was loaded', () => {
    expect(explain(failure, { ...attempt, modelLoaded: true }).headline).toContain('computed');
  });

  it('speaks of the digit model where it is the one', () => {
    expect(explain(failure, { ...attempt, task: 'digit' }).headline).toContain('digit model');
  });

  it('tells an unreadable photo from a guest that does not run', () => {
    expect(explain(new UnreadablePhotoError('bad bytes'), attempt).headline).toContain('photo could not be read');
    expect(explain(new Error('no JSPI'), attempt)).toMatchObject({
      headline: expect.stringContaining('guest could not be run'),
      detail: 'no JSPI',
    });
  });
});
