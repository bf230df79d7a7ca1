import Hummingbird

/// What a request carries through the middleware.
struct APIRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The peer's address without its port, for the access log.
    let remoteAddress: String?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress?.ipAddress
    }
}
