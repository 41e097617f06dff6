/// Words that suggest that somebody may need an ambulance, the police or the fire service at once.
///
/// They only bring up advice to call 999 before the form is sent (partner interfaces, section 17). Nothing is decided by
/// them, so a word too many does no harm. English and Welsh.
enum EmergencyWords {
    /// Each a phrase of whole words; `*` ends a word that may go on.
    private static let phrases = [
        "suicid*", "kill myself", "kill himself", "kill herself", "kill themselves", "kill me", "kill him", "kill her",
        "end my life", "end his life", "end her life", "end their life", "want to die", "wants to die", "overdos*",
        "hurt myself", "self harm*", "not breathing", "stopped breathing", "cannot breathe", "can t breathe",
        "cant breathe", "chest pain*", "heart attack", "stroke", "unconscious", "not responding", "won t wake",
        "collapsed", "bleeding", "chok*", "poison*", "seizure", "stabb*", "knife", "gun", "strangl*", "on fire",
        "house fire", "gas leak", "smell gas", "attacking", "being attacked", "rape*", "break in now", "999",
        "hunanladdiad", "lladd fy hun", "ddim yn anadlu", "gwaedu", "ar dan", "trawiad", "cyllell", "ymosod*",
    ].map { $0.split(separator: " ").map(String.init) }

    static func occur(in text: String) -> Bool {
        let words = words(text)
        return phrases.contains { phrase in
            guard words.count >= phrase.count else { return false }
            return (0...(words.count - phrase.count)).contains { start in
                phrase.indices.allSatisfy { fits(words[start + $0], phrase[$0]) }
            }
        }
    }

    private static func fits(_ word: String, _ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? word.hasPrefix(pattern.dropLast()) : word == pattern
    }

    /// Lower-case words without accents; all that is no letter or digit parts them.
    private static func words(_ text: String) -> [String] {
        text.lowercased().map(plain).split { !$0.isLetter && !$0.isNumber }.map { String($0) }
    }

    /// The letter under an accent.
    private static func plain(_ character: Character) -> Character {
        switch character {
        case "à", "á", "â", "ä": "a"
        case "è", "é", "ê", "ë": "e"
        case "ì", "í", "î", "ï": "i"
        case "ò", "ó", "ô", "ö": "o"
        case "ù", "ú", "û", "ü": "u"
        case "ŵ", "ẁ", "ẃ", "ẅ": "w"
        case "ŷ", "ỳ", "ý", "ÿ": "y"
        default: character
        }
    }
}
