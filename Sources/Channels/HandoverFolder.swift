import Glibc

/// Lays files into a folder of this machine, for a person who carries them on: what the hub itself may not hand in.
///
/// Nobody but the hub's user may reach the folder, and files in it are readable by that user alone. Each has its report beside it.
package final class HandoverFolder: OutboundChannel {
    private let path: String
    private let occasion: @Sendable () -> ProbeStep

    /// Makes the folder, unless it is there.
    ///
    /// - Parameters:
    ///   - path: The folder.
    ///   - setting: The name of the setting that has it, for what is wrong with it.
    ///   - occasion: What files are laid here for at this moment, for ``probe()``.
    package init(
        path: String, setting: String, occasion: @escaping @Sendable () -> ProbeStep
    ) throws(ChannelConfigurationError) {
        self.path = path
        self.occasion = occasion
        let folder: Directory
        do throws(Directory.Failure) {
            folder = try Directory(path: path, making: true, mode: 0o700)
        } catch {
            throw ChannelConfigurationError(setting: setting, problem: "\(path) cannot be used: \(error)")
        }
        guard folder.isPrivate else {
            throw ChannelConfigurationError(
                setting: setting, problem: "\(path) is another user's, or open to others: chmod 700, and chown")
        }
    }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let file = OutgoingFile(delivery) else { return OutgoingFile.unusableName }
        return await run { folder in
            do throws(PickupError) {
                try Self.lay(file, delivery.report, in: folder)
                return .delivered(reference: file.name)
            } catch {
                switch try? folder.read(FileName(file.name), maximum: file.bytes.count) {
                case .missing: return error.outcome
                case .bytes(file.bytes):
                    // Its name may not be on disk yet.
                    return (try? folder.sync()) == nil
                        ? .unknown(code: error.code, text: error.text) : .duplicate(reference: file.name)
                case nil: return .unknown(code: error.code, text: error.text)
                default: return .rejected(code: "conflict", text: "another file lies there under the same name")
                }
            }
        } failed: {
            $0.outcome
        }
    }

    /// The report first: whoever sees the file finds it. A report alone tells that the hub broke off between the two.
    private static func lay(
        _ file: OutgoingFile, _ report: Delivery.Report?, in folder: Directory
    ) throws(PickupError) {
        let name = FileName(file.name)
        guard folder.entry(name) == nil else {
            throw PickupError(code: "conflict", text: "another file lies there under the same name")
        }
        do throws(Directory.Failure) {
            if let report { try folder.write(name.appending(report.ending), report.bytes, mode: 0o600) }
            try folder.write(name, file.bytes, mode: 0o600)
        } catch {
            // It is personal data, and on a full disk in everybody's way.
            try? folder.removeAll(FileName(OutgoingFile.part(file.name)))
            if let report, folder.entry(name) == nil { _ = try? folder.remove(name.appending(report.ending)) }
            throw PickupError(error)
        }
    }

    /// Looks at the folder, writes into it what is gone at once, and says what it is for.
    package func probe() async -> [ProbeStep] {
        let what = "folder"
        let step = await run { folder in
            let trial = FileName("trial")
            do throws(Directory.Failure) {
                try folder.stage(trial, [], mode: 0o600)
                try folder.removeAll(trial.appending(".part"))
                return ProbeStep.passed(what, "the folder is there, closed to others, and can be written to")
            } catch {
                let error = PickupError(error)
                return .failed(what, code: error.code, error.text)
            }
        } failed: {
            .failed(what, code: $0.code, $0.text)
        }
        return step.isPassed ? [step, occasion()] : [step]
    }

    /// Does something in the folder as it is now.
    private func run<T: Sendable>(
        _ body: @escaping @Sendable (Directory) -> T, failed: @escaping @Sendable (PickupError) -> T
    ) async -> T {
        let work = { @Sendable [path] () -> T in
            do throws(Directory.Failure) {
                let folder = try Directory(path: path)
                return folder.isPrivate ? body(folder) : failed(.openFolder)
            } catch {
                return failed(PickupError(error))
            }
        }
        do {
            return try await DiskThreads.run(work)
        } catch {
            // The work itself never throws.
            return failed(PickupError(code: "cancelled", text: "the hub stopped"))
        }
    }
}

extension PickupError {
    fileprivate static let openFolder = PickupError(
        code: "folder_open", text: "the folder is another user's, or open to others", isPermanent: true)
}

extension Directory {
    /// Whether nobody but the hub's user can do anything in it.
    fileprivate var isPrivate: Bool {
        let itself = itself
        return itself.owner == geteuid() && itself.permissions & 0o077 == 0
    }
}
