/* As much of Express and express-openid-connect as the bench uses; Express ships no types. */
declare module 'express' {
  import type { IncomingMessage, Server } from 'node:http'
  import type { RequestContext } from 'express-openid-connect'

  export interface Request extends IncomingMessage {
    readonly oidc: RequestContext
  }

  export interface Response {
    set(name: string, value: string): this
    status(status: number): this
    end(): this
  }

  export type RequestHandler = (request: Request, response: Response) => unknown
  export type ErrorHandler = (
    error: unknown,
    request: Request,
    response: Response,
    next: () => void,
  ) => unknown

  export interface Application {
    disable(setting: string): this
    use(handler: RequestHandler | ErrorHandler): this
    get(path: string, handler: RequestHandler): this
    listen(port: number, host: string, listening: () => void): Server
  }

  const express: () => Application
  // biome-ignore lint/style/noDefaultExport: it is what Express exports
  export default express
}
