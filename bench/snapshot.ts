export const snapshot = undefined as never
