/** An operator of RxJS that a config of TypeScript has among its steps: samples to samples. */
export type RxjsOptions = (samples: never) => unknown
