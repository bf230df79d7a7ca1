import Hummingbird
import NIOCore

/// A request's context: it knows from where the request came, for the budget of each address.
struct SimulatorContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let address: String

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "unknown"
    }
}

/// What the router cannot answer is answered in Binance's form too.
struct BinanceErrors: RouterMiddleware {
    func handle(
        _ request: Request, context: SimulatorContext, next: (Request, SimulatorContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return RESTInterface.response(of: .notFound)
        } catch let error as HTTPError where error.status == .methodNotAllowed {
            return RESTInterface.response(of: .methodNotAllowed)
        }
    }
}
