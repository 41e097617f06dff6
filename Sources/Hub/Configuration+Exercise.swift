import Channels
import Referral
package import Translation

extension Configuration.ExerciseEndpoint {
    /// Has an adapter's rows follow the sheet.
    ///
    /// - Returns: Everything that is wrong with the sheet, and with the folder.
    package func fill(_ adapter: inout Adapter, at key: String, drop: String?) -> [ConfigurationError.Problem] {
        let (filled, mistakes) = adapter.filling(sheetFile: sheet, by: .nfiWeb)
        adapter = filled
        var problems = mistakes.map { ConfigurationError.Problem(line: nil, key: "\(key).sheet", text: "\($0)") }
        if let drop, Self.lies(folder, in: drop) || Self.lies(drop, in: folder) {
            problems.append(
                .init(line: nil, key: "\(key).folder", text: "must lie apart from `drop`, from which partners fetch"))
        }
        return problems
    }

    private static func lies(_ path: String, in folder: String) -> Bool {
        "\(LocalFile.real(path))/".hasPrefix("\(LocalFile.real(folder))/")
    }

    /// The folder as a channel.
    func channel(of adapter: Adapter) throws -> HandoverFolder {
        let sheet = adapter.outbound.lazy.compactMap(\.sheet).first
        return try HandoverFolder(path: folder, setting: "nfi_web.folder") {
            let what = "sheet"
            guard let sheet else { return .failed(what, code: "sheet_missing", "the sheet has mistakes") }
            return sheet.isClosed(at: Instant(seconds: Int(WallClock.now())))
                ? .failed(what, code: "exercise_closed", "the last day is over: \(sheet.summary)")
                : .passed(what, sheet.summary)
        }
    }
}
