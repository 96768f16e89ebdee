using System.Globalization;
using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Inject;

/// <summary>One AER item of an aer-inject file: the errors that a Function is to detect.</summary>
/// <param name="Domain">PCI Segment Group.</param>
/// <param name="Id">The Function.</param>
/// <param name="Line">Line of its AER keyword, counted from 1.</param>
public sealed record AerInjection(int Domain, RoutingId Id, int Line)
{
    /// <summary>The errors: correctable ones first, each kind by its AER bit.</summary>
    public required IReadOnlyList<PcieError> Errors { get; init; }

    /// <summary>What HEADER_LOG says, all zero without.</summary>
    public TlpHeader Header { get; init; }

    /// <summary>Has the Function detect them, one after the other, through its own error path.</summary>
    public void Apply(ErrorReporter reporter)
    {
        foreach (var error in Errors)
        {
            TlpHeader? header = ErrorTable.Of(error).HeaderLogged ? Header : null;
            reporter.Report(error, header);
        }
    }
}

/// <summary>
/// Reads the file format of the aer-inject tool: AER, then DOMAIN, BUS DEV FN or PCI_ID, COR_STATUS, UNCOR_STATUS and HEADER_LOG in any
/// order; keywords in either case, numbers as in C, comments from # on.
/// </summary>
public static class AerInjectFile
{
    private static readonly Dictionary<string, int> Correctable = new(StringComparer.OrdinalIgnoreCase)
    {
        ["RCVR"] = 0,
        ["BAD_TLP"] = 6,
        ["BAD_DLLP"] = 7,
        ["REP_ROLL"] = 8,
        ["REP_TIMER"] = 12,
    };

    private static readonly Dictionary<string, int> Uncorrectable = new(StringComparer.OrdinalIgnoreCase)
    {
        ["DLP"] = 4,
        ["POISON_TLP"] = 12,
        ["FCP"] = 13,
        ["COMP_TIME"] = 14,
        ["COMP_ABORT"] = 15,
        ["UNX_COMP"] = 16,
        ["RX_OVER"] = 17,
        ["MALF_TLP"] = 18,
        ["ECRC"] = 19,
        ["UNSUP"] = 20,
    };

    /// <summary>Reads a file.</summary>
    /// <exception cref="AerInjectFormatException">It is no such file, or names no Function, no error or a bit that none has.</exception>
    public static IReadOnlyList<AerInjection> Parse(string text)
    {
        var words = Words(text);
        var items = new List<AerInjection>();
        var at = 0;
        while (at < words.Count)
        {
            var start = words[at];
            if (!start.Is("AER")) throw start.Error($"'{start.Text}' begins no error", "AER");
            at++;
            items.Add(Item(words, ref at, start));
        }

        if (items.Count == 0) throw new AerInjectFormatException(1, 1, "there is no error in this file; expected AER");
        return items;
    }

    private static AerInjection Item(List<Word> words, ref int at, Word start)
    {
        var (domain, bus, device, function) = (0, -1, 0, 0);
        var errors = new List<PcieError>();
        var header = default(TlpHeader);
        while (at < words.Count && !words[at].Is("AER"))
        {
            var keyword = words[at++];
            switch (keyword.Text.ToUpperInvariant())
            {
                case "DOMAIN":
                    domain = (int)Number(words, ref at, keyword, 0xFFFF);
                    break;
                case "BUS":
                    bus = (int)Number(words, ref at, keyword, 255);
                    break;
                case "DEV":
                    device = (int)Number(words, ref at, keyword, 31);
                    break;
                case "FN":
                    function = (int)Number(words, ref at, keyword, 7);
                    break;
                case "PCI_ID":
                    (domain, bus, device, function) = Address(words, ref at, keyword);
                    break;
                case "COR_STATUS":
                    Status(words, ref at, Correctable, ErrorTable.CorrectableError, errors);
                    break;
                case "UNCOR_STATUS":
                    Status(words, ref at, Uncorrectable, ErrorTable.Uncorrectable, errors);
                    break;
                case "HEADER_LOG":
                    var (dw0, dw1) = (Number(words, ref at, keyword, uint.MaxValue), Number(words, ref at, keyword, uint.MaxValue));
                    header = new(dw0, dw1, Number(words, ref at, keyword, uint.MaxValue), Number(words, ref at, keyword, uint.MaxValue));
                    break;
                default:
                    throw keyword.Error($"'{keyword.Text}' is no keyword",
                        "AER, DOMAIN, BUS, DEV, FN, PCI_ID, COR_STATUS, UNCOR_STATUS or HEADER_LOG");
            }
        }

        if (bus < 0) throw start.Error("this AER item names no Function", "PCI_ID, or BUS, DEV and FN");
        if (errors.Count == 0) throw start.Error("this AER item names no error", "COR_STATUS or UNCOR_STATUS with an error");
        errors.Sort((a, b) => (!ErrorTable.Of(a).IsCorrectable, ErrorTable.Of(a).Bit)
            .CompareTo((!ErrorTable.Of(b).IsCorrectable, ErrorTable.Of(b).Bit)));
        return new(domain, RoutingId.Of(bus, device, function), start.Line) { Errors = [.. errors.Distinct()], Header = header };
    }

    /// <summary>Names and numbers up to the next keyword; a number is a mask of bits.</summary>
    private static void Status(
        List<Word> words, ref int at, Dictionary<string, int> names, Func<int, ErrorFacts?> byBit, List<PcieError> errors)
    {
        for (; at < words.Count; at++)
        {
            var word = words[at];
            uint mask;
            if (names.TryGetValue(word.Text, out var named)) mask = 1u << named;
            else if (word.Number is { } number && number <= uint.MaxValue) mask = (uint)number;
            else if (IsKeyword(word)) return;
            else throw word.Error($"'{word.Text}' is no error of this kind", $"a number or one of {string.Join(", ", names.Keys)}");
            for (var bit = 0; bit < 32; bit++)
            {
                if ((mask >> bit & 1) == 0) continue;
                errors.Add(byBit(bit)?.Error ?? throw word.Error($"bit {bit} is no error", "bits of the AER status register"));
            }
        }
    }

    private static bool IsKeyword(Word word) => word.Text.ToUpperInvariant()
        is "AER" or "DOMAIN" or "BUS" or "DEV" or "FN" or "PCI_ID" or "COR_STATUS" or "UNCOR_STATUS" or "HEADER_LOG";

    private static (int Domain, int Bus, int Device, int Function) Address(List<Word> words, ref int at, Word keyword)
    {
        if (at == words.Count) throw keyword.Error("PCI_ID ends the file", "an address such as 0000:01:00.0");
        var word = words[at++];
        var text = word.Text;
        var domain = 0;
        if (text.IndexOf(':') is var colon && colon != text.LastIndexOf(':'))
        {
            if (!int.TryParse(text.AsSpan(0, colon), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out domain))
                throw word.Error($"'{text}' is no address", "domain:bus:device.function, such as 0000:01:00.0");
            text = text[(colon + 1)..];
        }

        if (!RoutingId.TryParse(text, out var id)) throw word.Error($"'{word.Text}' is no address", "an address such as 0000:01:00.0");
        return (domain, id.Bus, id.Device, id.Function);
    }

    private static uint Number(List<Word> words, ref int at, Word keyword, uint most)
    {
        if (at == words.Count) throw keyword.Error($"{keyword.Text} ends the file", "a number behind it");
        var word = words[at++];
        return word.Number is { } number && number <= most
            ? (uint)number
            : throw word.Error($"'{word.Text}' is no number for {keyword.Text}",
                $"a number from 0 to {most}, decimal, 0x hexadecimal or 0 octal");
    }

    private static List<Word> Words(string text)
    {
        var words = new List<Word>();
        var number = 0;
        foreach (var whole in text.Split('\n'))
        {
            number++;
            var comment = whole.IndexOf('#');
            var line = comment < 0 ? whole : whole[..comment];
            for (var start = 0; start < line.Length;)
            {
                if (char.IsWhiteSpace(line[start]))
                {
                    start++;
                    continue;
                }

                var end = start;
                while (end < line.Length && !char.IsWhiteSpace(line[end])) end++;
                words.Add(new(line[start..end], number, start + 1));
                start = end;
            }
        }

        return words;
    }

    private readonly record struct Word(string Text, int Line, int Column)
    {
        public ulong? Number => Text switch
        {
            ['0', 'x' or 'X', .. var hex] =>
                ulong.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var v) ? v : null,
            ['0', _, ..] => Octal(Text),
            _ => ulong.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out var v) ? v : null,
        };

        public bool Is(string keyword) => Text.Equals(keyword, StringComparison.OrdinalIgnoreCase);

        public AerInjectFormatException Error(string wrong, string expected) => new(Line, Column, $"{wrong}; expected {expected}");

        private static ulong? Octal(string text)
        {
            ulong value = 0;
            foreach (var digit in text)
            {
                if (digit is < '0' or > '7' || value >> 58 != 0) return null;
                value = value << 3 | (uint)(digit - '0');
            }

            return value;
        }
    }
}
