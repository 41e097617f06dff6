/// Brings text into the form in which names and addresses are compared: small letters of ASCII and digits, in words.
///
/// Marks above and below letters go, letters that ASCII does not have are written as people write them without
/// (`ø` as `o`, `ß` as `ss`), and those of the Cyrillic and Greek alphabets as passports and road signs do. Writing
/// that is no alphabet of these stays, byte by byte, and is compared as it is.
package enum Folding {
    /// The words of a text. Apostrophes and full stops join what they stand between, everything else parts words.
    package static func words(_ text: String) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var word: [UInt8] = []
        func isApostrophe(_ scalar: Unicode.Scalar) -> Bool {
            scalar == "'" || scalar == "\u{2019}" || scalar == "\u{2018}" || scalar == "`" || scalar == "\u{2BC}"
                || scalar == "."
        }
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x61...0x7A, 0x30...0x39: word.append(UInt8(scalar.value))
            case 0x41...0x5A: word.append(UInt8(scalar.value) + 0x20)
            case 0x300...0x36F: continue  // combining marks
            case _ where isApostrophe(scalar): continue
            case ..<0x80: end(&word, &words)
            default:
                if let letters = letters[scalar.value] {
                    word += letters.utf8
                } else if scalar.properties.isAlphabetic {
                    word += Array(String(scalar).utf8)
                } else {
                    end(&word, &words)
                }
            }
            if word.count >= longestWord { end(&word, &words) }
            if words.count == mostWords { break }
        }
        end(&word, &words)
        return words
    }

    /// Longer ones are cut, so that no text can make a comparison slow.
    private static let longestWord = 60
    private static let mostWords = 24

    private static func end(_ word: inout [UInt8], _ words: inout [[UInt8]]) {
        guard !word.isEmpty, words.count < mostWords else { return }
        words.append(word)
        word = []
    }

    /// What stands for a letter that ASCII does not have.
    private static let letters: [UInt32: String] = {
        var table: [UInt32: String] = [:]
        for (plain, accented) in latin {
            for scalar in accented.unicodeScalars { table[scalar.value] = plain }
        }
        for (alphabet, written) in [(cyrillic, cyrillicWritten), (greek, greekWritten)] {
            for (scalar, plain) in zip(alphabet.unicodeScalars, written) {
                table[scalar.value] = String(plain)
                for capital in scalar.properties.uppercaseMapping.unicodeScalars {
                    table[capital.value] = String(plain)
                }
            }
        }
        return table
    }()

    /// Letters of Latin-1, Latin Extended-A and the extended ones of Romanian and Vietnamese.
    private static let latin: [(String, String)] = [
        ("a", "àáâãåāăąǎạảấầẩẫậắằẳẵặÀÁÂÃÅĀĂĄǍẠẢẤẦẨẪẬẮẰẲẴẶ"), ("a", "äÄ"), ("ae", "æÆ"),
        ("c", "çćĉċčÇĆĈĊČ"), ("d", "ďđÐĎĐ"), ("d", "ð"), ("e", "èéêëēĕėęěẹẻẽếềểễệÈÉÊËĒĔĖĘĚẸẺẼẾỀỂỄỆ"),
        ("g", "ĝğġģǧĜĞĠĢǦ"), ("h", "ĥħĤĦ"), ("i", "ìíîïĩīĭįıịỉÌÍÎÏĨĪĬĮİỊỈ"), ("j", "ĵĴ"), ("k", "ķĶ"),
        ("l", "ĺļľŀłĹĻĽĿŁ"), ("n", "ñńņňŋÑŃŅŇŊ"), ("o", "òóôõöøōŏőơọỏốồổỗộớờởỡợÒÓÔÕÖØŌŎŐƠỌỎỐỒỔỖỘỚỜỞỠỢ"),
        ("oe", "œŒ"), ("r", "ŕŗřŔŖŘ"), ("s", "śŝşšșŚŜŞŠȘ"), ("ss", "ßẞ"), ("t", "ţťŧțŢŤŦȚ"), ("th", "þÞ"),
        ("u", "ùúûüũūŭůűųưụủứừửữựÙÚÛÜŨŪŬŮŰŲƯỤỦỨỪỬỮỰ"), ("w", "ŵŴẁẃẅẀẂẄ"), ("y", "ýÿŷỳỵỷỹÝŸŶỲỴỶỸ"),
        ("z", "źżžŹŻŽ"),
    ]

    /// As in passports (ICAO Doc 9303 part 3, section 6B).
    private static let cyrillic = "абвгґдеєжзиіїйклмнопрстуфхцчшщъыьэюяёўђјљњћџ"
    private static let cyrillicWritten = [
        "a", "b", "v", "g", "g", "d", "e", "ie", "zh", "z", "i", "i", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s",
        "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "ie", "y", "", "e", "iu", "ia", "e", "u", "d", "j", "lj", "nj",
        "c", "dz",
    ]
    /// ELOT 743, letter by letter.
    private static let greek = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"
    private static let greekWritten = [
        "a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s", "t", "y", "f",
        "ch", "ps", "o", "a", "e", "i", "i", "o", "y", "o", "i", "y", "i", "y",
    ]
}
