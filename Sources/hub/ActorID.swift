import ArgumentParser
import Hub

/// Who acts, as an id that stands on the ledger for ever: words are refused, since they may be somebody's name.
struct ActorID: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        guard let id = RequestReader.id(argument) else { return nil }
        text = id
    }
}
