/** Small enough to be copied by the browser without a hitch, large enough that records do not dominate. */
export const chunkBytes = 4 << 20;
