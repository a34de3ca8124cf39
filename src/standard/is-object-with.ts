/** Whether a message, or anything else that nobody vouches for, is an object with a member. */
export function isObjectWith<Key extends string>(data: unknown, key: Key): data is Record<Key, unknown> {
  return typeof data === 'object' && data !== null && key in data;
}
