import ArgumentParser
import Hub

/// Who acts, as an id that stands on the ledger for ever: words are refused, since they may be somebody's name, and are not
/// told back, as the library would a value that it refuses.
struct ActorID: ExpressibleByArgument {
    private let argument: String

    init(argument: String) {
        self.argument = argument
    }

    /// - Throws: `ValidationError`.
    var text: String {
        get throws {
            guard let id = RequestReader.id(argument) else {
                throw ValidationError("--by is an id of letters, digits and . _ : - without spaces, not a name.")
            }
            return id
        }
    }
}
