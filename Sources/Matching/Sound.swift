/// What a name sounds like, roughly: its consonants, with those alike that ears and alphabets confuse.
///
/// Made for names of every origin in one city, so it is coarser than Double Metaphone and knows no language: `Yusuf`
/// and `Youssef`, `Stephen` and `Steven`, `Mohammed` and `Muhammad`, `Catherine` and `Kathryn` sound the same.
enum Sound {
    /// Up to six bytes; empty for an empty name. What is not of ASCII is taken as it is.
    static func code(_ name: [UInt8]) -> [UInt8] {
        var code: [UInt8] = []
        var i = 0
        func at(_ index: Int) -> UInt8 { index < name.count ? name[index] : 0 }
        func isOne(_ byte: UInt8, of letters: StaticString) -> Bool {
            letters.withUTF8Buffer { $0.contains(byte) }
        }
        func add(_ byte: UInt8) { if code.last != byte { code.append(byte) } }
        while i < name.count, code.count < 6 {
            let letter = name[i]
            let next = at(i + 1)
            var width = 1
            switch letter {
            case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "u"):
                if i == 0 { add(UInt8(ascii: "a")) }
            case UInt8(ascii: "y"): if i == 0 { add(UInt8(ascii: "j")) }
            case UInt8(ascii: "h"): if i == 0 { add(UInt8(ascii: "h")) }
            case UInt8(ascii: "w"):
                if i == 0 {
                    if next == UInt8(ascii: "r") {
                        add(UInt8(ascii: "r"))
                        width = 2
                    } else {
                        add(UInt8(ascii: "v"))
                    }
                }
            case UInt8(ascii: "k") where i == 0 && next == UInt8(ascii: "n"):
                add(UInt8(ascii: "n"))
                width = 2
            case UInt8(ascii: "p") where next == UInt8(ascii: "h"):
                add(UInt8(ascii: "f"))
                width = 2
            case UInt8(ascii: "g") where next == UInt8(ascii: "h"):
                if i == 0 { add(UInt8(ascii: "g")) }
                width = 2
            case UInt8(ascii: "s") where next == UInt8(ascii: "c") && at(i + 2) == UInt8(ascii: "h"):
                add(UInt8(ascii: "x"))
                width = 3
            case UInt8(ascii: "s") where isOne(next, of: "hz"), UInt8(ascii: "c") where isOne(next, of: "hz"):
                // Chris and Christine.
                add(
                    letter == UInt8(ascii: "c") && at(i + 2) == UInt8(ascii: "r")
                        ? UInt8(ascii: "k") : UInt8(ascii: "x"))
                width = 2
            case UInt8(ascii: "c"):
                add(isOne(next, of: "eiy") ? UInt8(ascii: "s") : UInt8(ascii: "k"))
            case UInt8(ascii: "q"): add(UInt8(ascii: "k"))
            case UInt8(ascii: "z"): add(UInt8(ascii: "s"))
            case UInt8(ascii: "v"): add(i == 0 ? UInt8(ascii: "v") : UInt8(ascii: "f"))
            case UInt8(ascii: "x"):
                add(UInt8(ascii: "k"))
                add(UInt8(ascii: "s"))
            case UInt8(ascii: "t") where next == UInt8(ascii: "h"), UInt8(ascii: "d") where next == UInt8(ascii: "h"),
                UInt8(ascii: "k") where next == UInt8(ascii: "h"), UInt8(ascii: "b") where next == UInt8(ascii: "h"):
                add(letter)
                width = 2
            default: add(letter)
            }
            i += width
        }
        return code
    }
}
