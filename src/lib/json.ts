/** JSON of a value of type `T`, as text. */
export type JsonText<T> = string & { readonly value?: T }

export function parse<T>(text: JsonText<T>): T {
  return JSON.parse(text)
}

/** A value that is JSON text already. As a response body it is sent unchanged. */
export class Json<T> {
  readonly text: JsonText<T>

  constructor(text: JsonText<T>) {
    this.text = text
  }
}
