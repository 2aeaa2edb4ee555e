export const load = undefined as never
