import Hummingbird
import Logging

/// Turns whatever a route throws into problem+json, and says 405 where the path exists but not with that method.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = APIRequestContext

    /// What each path answers to.
    let knownPaths: KnownPaths
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
        if let methods = knownPaths.allowedMethods(path),
            !methods.split(separator: ", ").contains(where: {
                $0 == request.method.rawValue
            })
        {
            return Problem(
                .methodNotAllowed,
                "\(path.prefix(128)) answers to \(methods), not to \(request.method.rawValue.prefix(16)).",
                allowedMethods: methods)
        }
        return Problem(
            .notFound,
            "There is nothing at '\(path.prefix(128))': / lists what there is.")
    }
}
