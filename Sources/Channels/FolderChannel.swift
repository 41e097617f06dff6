import Glibc

/// Lays files into a partner's `out/` below the drop folder, for partners that fetch from our own SFTP server
/// (partner interfaces, section 4.1).
///
/// What is delivered is on disk and may be fetched; that it was, is told by ``progress(of:)``: `ack/NAME.rcv` is there, or
/// `NAME` is not any more. The partner may write into both folders, so nothing in them is followed or believed.
package final class FolderChannel: OutboundChannel {
    private let files: String
    private let receipts: String

    /// Makes the folders that are missing.
    ///
    /// - Parameters:
    ///   - root: the drop folder, as ``DropFolder`` serves it.
    ///   - partner: whose folders these are.
    package init(root: String, partner: String) throws(ChannelConfigurationError) {
        guard OutgoingFile.isName(partner) else {
            throw ChannelConfigurationError(
                setting: "folder.account", problem: "a name of letters, digits, _ - and . is needed")
        }
        files = "\(root)/\(partner)/out"
        receipts = "\(root)/\(partner)/ack"
        for path in [files, receipts] {
            do {
                _ = try Directory(path: path, making: true)
            } catch {
                throw ChannelConfigurationError(setting: "folder", problem: "\(path) cannot be used: \(error)")
            }
        }
    }

    package func deliver(_ delivery: Delivery) async -> DeliveryOutcome {
        guard let file = OutgoingFile(delivery) else { return OutgoingFile.unusableName }
        return await run {
            $0.deliver(file)
        } failed: {
            $0.outcome
        }
    }

    package func progress(of reference: String) async -> DeliveryProgress {
        await run {
            $0.progress(of: reference)
        } failed: {
            .unavailable(code: $0.code, text: $0.text)
        }
    }

    /// Looks whether the folders are there and can be opened. Whether files can be written there is seen with the first.
    package func probe() async -> [ProbeStep] {
        await run { _ in
            // The folders are open by now.
            [.passed(Self.probed, "the folder is there")]
        } failed: {
            [.failed(Self.probed, code: $0.code, $0.text)]
        }
    }

    private static let probed = "folder"

    package func withdraw(_ reference: String) async -> Withdrawal {
        await run {
            $0.withdraw(reference)
        } failed: {
            .unknown(code: $0.code, text: $0.text)
        }
    }

    /// Does something in the folders as they are now.
    private func run<T: Sendable>(
        _ body: @escaping @Sendable (Pickup<FolderPlace>) -> T, failed: @escaping @Sendable (PickupError) -> T
    ) async -> T {
        let work = { @Sendable [files, receipts] () -> T in
            do throws(PickupError) {
                return body(Pickup(place: try FolderPlace(files: files, receipts: receipts)))
            } catch {
                return failed(error)
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

/// Two open folders of the file system.
private struct FolderPlace: PickupPlace {
    private let files: Directory
    private let receipts: Directory

    init(files: String, receipts: String) throws(PickupError) {
        do throws(Directory.Failure) {
            self.files = try Directory(path: files)
            self.receipts = try Directory(path: receipts)
        } catch {
            throw PickupError(error)
        }
    }

    /// They are open.
    func check() {}

    func read(_ name: String, on shelf: PickupShelf, limit: Int) throws(PickupError) -> PickupContent {
        do throws(Directory.Failure) {
            let directory = shelf == .files ? files : receipts
            switch try directory.read(FileName(name), maximum: limit) {
            case .bytes(let bytes): return .bytes(bytes)
            case .missing: return .missing
            case .notPlain, .forbidden, .tooLarge: return .other
            }
        } catch {
            throw PickupError(error)
        }
    }

    func show(_ name: String, _ bytes: [UInt8]) throws(PickupError) {
        do throws(Directory.Failure) {
            try files.stage(FileName(name), bytes)
        } catch {
            // It is personal data, and on a full disk in everybody's way.
            try? files.removeAll(FileName(OutgoingFile.part(name)))
            throw PickupError(error)
        }
        do throws(Directory.Failure) {
            try files.show(FileName(name))
            try files.sync()
        } catch {
            var error = PickupError(error)
            error.mayBeDone = true
            throw error
        }
    }

    func add(_ name: String, _ bytes: [UInt8]) throws(PickupError) {
        do throws(Directory.Failure) { try files.write(FileName(name), bytes) } catch { throw PickupError(error) }
    }

    func remove(_ name: String) throws(PickupError) -> Bool {
        do throws(Directory.Failure) {
            let wasThere = try files.remove(FileName(name))
            try files.sync()
            return wasThere
        } catch {
            throw PickupError(error)
        }
    }
}

extension PickupError {
    init(_ failure: Directory.Failure) {
        switch failure.number {
        case ENOSPC, EDQUOT: self = .diskFull
        case ENOENT, ENOTDIR, ELOOP: self = .noSuchFolder
        case EACCES, EPERM, EROFS: self = .accessDenied
        default: self.init(code: "disk_failed", text: "the disk refused a step (\(failure.call), \(failure.number))")
        }
    }
}
