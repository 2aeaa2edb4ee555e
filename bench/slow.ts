export const slow = undefined as never
