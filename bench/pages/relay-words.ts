/** Where the relay's shared memory has what, in words of 32 bits. */
export const relayWords = { request: 0, response: 1, data: 2 } as const;
