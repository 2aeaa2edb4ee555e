export const storm = undefined as never
