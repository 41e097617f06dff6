import HTTPTypes
import Hummingbird
import NIOCore
import Referral

/// Liveness, readiness, the OpenAPI document, and on the admin listener the figures for Prometheus.
struct OperationsRoutes {
    let operations: Operations

    func addHealth(to router: Router<ExchangeContext>) {
        router.get("/healthz") { _, _ in Response.json(["status": "alive"]) }
        router.get("/readyz") { _, _ in
            if let reason = await operations.reasonNotReady() {
                throw Problem(
                    status: .serviceUnavailable, code: "unavailable", title: "Not ready", detail: reason, retryAfter: 5
                )
            }
            return Response.json(["status": "ready"])
        }
        router.get("/openapi.json") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json))
            )
        }
    }

    func addMetrics(to router: Router<ExchangeContext>) {
        router.get("/metrics") { _, _ in
            let text = try await operations.metricsText()
            return Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text))
            )
        }
    }
}
