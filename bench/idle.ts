export const idle = undefined as never
