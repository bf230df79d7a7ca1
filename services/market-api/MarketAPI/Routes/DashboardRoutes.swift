import HTTPTypes
import Hummingbird

/// The page and its files, with entity tags and a strict content security policy.
struct DashboardRoutes: Sendable {
    let assets: DashboardAssets

    func add(to router: Router<APIRequestContext>) {
        // The page reads its own parameters (symbol, interval); the server needs none of them.
        router.get("dashboard") { request, _ in page(request) }
        router.get("favicon.ico") { request, _ in try file("favicon.svg", request) }
        router.get("dashboard/:file") { request, context in
            try file(context.parameters.get("file") ?? "", request)
        }
    }

    /// The page itself, or another one.
    func page(_ request: Request, _ name: String = DashboardAssets.page) -> Response {
        guard let asset = assets.file(name) else { return Response(status: .notFound) }
        return Self.answer(asset, request)
    }

    private func file(_ name: String, _ request: Request) throws(Problem) -> Response {
        if let asset = assets.file(name) { return Self.answer(asset, request) }
        if name == DashboardAssets.chartLibrary {
            throw Problem(
                .assetMissing,
                "\(name) is not installed: scripts/setup puts it into .deps/assets, ASSETS_DIR names another folder.")
        }
        throw Problem(.notFound, "The dashboard has no file '\(name.prefix(64))'.")
    }

    static func answer(_ asset: DashboardAsset, _ request: Request) -> Response {
        var headers: HTTPFields = [
            .contentType: asset.mediaType, .eTag: asset.entityTag.text,
            // Asked again each time, and answered with 304: a new version is seen at the next load.
            .cacheControl: "no-cache", .contentSecurityPolicy: SecurityHeadersMiddleware.pagePolicy,
        ]
        if let match = asset.entityTag.match(in: request.headers[.ifNoneMatch]) {
            headers[.contentType] = nil
            headers[.eTag] = match
            return Response(status: .notModified, headers: headers)
        }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: asset.body))
    }
}
