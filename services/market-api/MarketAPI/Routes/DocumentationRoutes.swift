import HTTPTypes
import Hummingbird
import Schemas

/// The descriptions of the interfaces as they are in schemas/, and a page that shows the HTTP one.
struct DocumentationRoutes: Sendable {
    static let paths = ["/openapi.yaml", "/asyncapi.yaml", "/docs"] + files.keys.sorted().map { "/docs/\($0)" }

    private static let script = "text/javascript; charset=utf-8"
    private static let files: [String: DashboardAsset] = [
        "docs.css": DashboardAsset(PackageResources.docs_css, mediaType: "text/css; charset=utf-8"),
        "docs.js": DashboardAsset(PackageResources.docs_js, mediaType: script),
        "yaml.js": DashboardAsset(PackageResources.yaml_js, mediaType: script),
    ]
    private static let page = DashboardAsset(PackageResources.docs_html, mediaType: "text/html; charset=utf-8")

    func add(to router: Router<APIRequestContext>) {
        router.get("openapi.yaml") { request, _ in try document(Schemas.openAPI, request) }
        router.get("asyncapi.yaml") { request, _ in try document(Schemas.asyncAPI, request) }
        router.get("docs") { request, _ in
            _ = try QueryReader(request, known: [])
            return DashboardRoutes.answer(Self.page, request)
        }
        router.get("docs/:file") { request, context in
            let name = context.parameters.get("file") ?? ""
            guard let file = Self.files[name] else {
                throw Problem(.notFound, "The documentation has no file '\(name.prefix(64))': /docs is its page.")
            }
            return DashboardRoutes.answer(file, request)
        }
    }

    private func document(_ bytes: [UInt8], _ request: Request) throws(Problem) -> Response {
        _ = try QueryReader(request, known: [])
        return .revalidated(request, bytes, contentType: "application/yaml")
    }
}
