import Hummingbird
import Logging

/// Turns whatever a route throws into problem+json, and says 405 where the path exists but not with that method.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = APIRequestContext

    /// The paths that answer to GET and HEAD.
    let knownPaths: Set<String>
    /// Largest request body read, in bytes. No route takes one; a small one is passed over.
    let maxBodyBytes: Int

    func handle(
        _ request: Request, context: APIRequestContext, next: (Request, APIRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > maxBodyBytes {
                throw Problem(
                    .contentTooLarge,
                    "The body has \(length) bytes: no route of this server takes a body of more than \(maxBodyBytes).")
            }
            return try await next(request, context)
        } catch let problem as Problem {
            return problem.response(path: request.uri.path)
        } catch let error as HTTPError where error.status == .notFound {
            return notFound(request).response(path: request.uri.path)
        } catch let error as any HTTPResponseError where error.status != .internalServerError {
            return try error.response(from: request, context: context)
        } catch {
            context.logger.error(
                "a request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            let problem = Problem(
                .internalError, "The server failed on this request; its log says why (request \(context.id)).")
            return problem.response(path: request.uri.path)
        }
    }

    private func notFound(_ request: Request) -> Problem {
        let path = request.uri.path
        if knownPaths.contains(path), request.method != .get, request.method != .head {
            return Problem(
                .methodNotAllowed, "\(path) answers to GET and HEAD, not to \(request.method.rawValue.prefix(16)).",
                allowedMethods: "GET, HEAD")
        }
        let parts = path.split(separator: "/")
        if parts.count == 3, parts[0] == "symbol", ["subscribe", "unsubscribe"].contains(parts[2]) {
            return Problem(
                .methodNotAllowed, "\(path) answers to POST, not to \(request.method.rawValue.prefix(16)).",
                allowedMethods: "POST")
        }
        return Problem(
            .notFound,
            "There is nothing at '\(path.prefix(128))': / lists what there is.")
    }
}
