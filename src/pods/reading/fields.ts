/** The fields of a wire class, for objects that are not its instances. */
export type Fields<T> = { [K in keyof T]: T[K] };
