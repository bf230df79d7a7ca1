import Hummingbird

/// What a request carries through the middleware.
struct APIRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The client's address without its port: the peer's, until a proxy that is trusted has named another.
    var remoteAddress: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress
    }
}
