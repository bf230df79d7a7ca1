import HTTPTypes
import Hummingbird
import ServiceKit

/// `POST /faults`: the fault named in the body strikes at once.
struct FaultControl: Sendable {
    let board: FaultBoard
    let time: TimeSource

    private static let maxBodyBytes = 200

    func addRoutes(to router: Router<SimulatorContext>) {
        router.post("/faults") { request, _ in
            let body = try await request.body.collect(upTo: Self.maxBodyBytes)
            do throws(SettingProblem) {
                let fault = try Fault(String(buffer: body))
                let connections = board.strike(fault, atMicros: time.wallMicros)
                let whom = fault.isOfStreams ? "\(connections) connections" : "REST"
                return Self.answer(.ok, "\(fault) strikes \(whom)\n")
            } catch {
                return Self.answer(.badRequest, "\(error)\n")
            }
        }
    }

    private static func answer(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
