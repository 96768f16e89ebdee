using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Scenarios.Tlp;

/// <summary>The words that text and JSON output share: types, status, warnings.</summary>
internal static class TlpDescription
{
    /// <summary>How a reserved-bits warning begins; the bits follow as "dw0 0x00020000", and encode sets them again.</summary>
    public const string ReservedBitsPrefix = "reserved bits set: ";

    public static string Describe(TlpType type) => type switch
    {
        TlpType.MRd => "Memory Read Request",
        TlpType.MRdLk => "Memory Read Request, Locked",
        TlpType.MWr => "Memory Write Request",
        TlpType.DMWr => "Deferrable Memory Write Request",
        TlpType.IORd => "I/O Read Request",
        TlpType.IOWr => "I/O Write Request",
        TlpType.CfgRd0 => "Configuration Read Request, Type 0",
        TlpType.CfgWr0 => "Configuration Write Request, Type 0",
        TlpType.CfgRd1 => "Configuration Read Request, Type 1",
        TlpType.CfgWr1 => "Configuration Write Request, Type 1",
        TlpType.Msg => "Message Request",
        TlpType.MsgD => "Message Request with data",
        TlpType.Cpl => "Completion without data",
        TlpType.CplD => "Completion with data",
        TlpType.CplLk => "Completion for a Locked Memory Read, without data",
        TlpType.CplDLk => "Completion for a Locked Memory Read, with data",
        TlpType.FetchAdd => "Fetch and Add AtomicOp Request",
        TlpType.Swap => "Unconditional Swap AtomicOp Request",
        TlpType.CAS => "Compare and Swap AtomicOp Request",
        _ => "reserved",
    };

    public static string Describe(MessageRouting routing) => routing switch
    {
        MessageRouting.ToRootComplex => "to the Root Complex",
        MessageRouting.ByAddress => "by address",
        MessageRouting.ById => "by ID",
        MessageRouting.Broadcast => "broadcast from the Root Complex",
        MessageRouting.Local => "local, terminates at the Receiver",
        MessageRouting.Gathered => "gathered and routed to the Root Complex",
        _ => "reserved, terminates at the Receiver",
    };

    public static string Status(CompletionStatus status) => status switch
    {
        CompletionStatus.Successful => "SC",
        CompletionStatus.UnsupportedRequest => "UR",
        CompletionStatus.RequestRetry => "RRS",
        CompletionStatus.CompleterAbort => "CA",
        _ => $"reserved {(int)status}",
    };

    /// <summary>Every warning of a decoded TLP, in words with its section.</summary>
    public static void AddWarnings(List<string> to, in DecodedTlp tlp, ReadOnlySpan<uint> dws)
    {
        var warnings = tlp.Warnings;
        if (warnings == TlpWarnings.None)
            return;
        if (warnings.HasFlag(TlpWarnings.ReservedBits))
            AddReserved(to, in tlp, dws);
        foreach (var (flag, text) in Texts)
        {
            if (warnings.HasFlag(flag))
                to.Add(text);
        }
    }

    private static void AddReserved(List<string> to, in DecodedTlp tlp, ReadOnlySpan<uint> dws)
    {
        var bits = ReservedBits.Of(in tlp.Header);
        if (!bits.IsEmpty)
            to.Add($"{ReservedBitsPrefix}{string.Join(", ", Words(bits))} (§2.2.1)");
        foreach (uint dw in dws[..tlp.PrefixCount])
        {
            var prefix = new TlpPrefix(dw);
            if (prefix.ReservedBits != 0)
                to.Add($"reserved bits set in the {prefix.Name} prefix: 0x{prefix.ReservedBits:x8} (§2.2.10)");
        }
    }

    private static IEnumerable<string> Words(ReservedBits bits)
    {
        uint[] dws = [bits.Dw0, bits.Dw1, bits.Dw2, bits.Dw3];
        for (int i = 0; i < 4; i++)
        {
            if (dws[i] != 0)
                yield return $"dw{i} 0x{dws[i]:x8}";
        }
    }

    private static readonly (TlpWarnings Flag, string Text)[] Texts =
    [
        (TlpWarnings.PoisonWithoutData, "EP is set without a payload: Receiver behaviour is not specified (§2.7.2.1)"),
        (TlpWarnings.LowAddressIn64BitFormat, "64-bit format for an address below 4 GiB: Receiver behaviour is not specified (§2.2.4.1)"),
        (TlpWarnings.AddressTypeNotZero, "AT must be 00b in this TLP; Receivers do not check it (§2.2.4.1)"),
        (TlpWarnings.AddressTypeReserved, "AT is the reserved value 11b (§10.2.1)"),
        (TlpWarnings.StatusReserved, "reserved Completion Status: handled as UR (§2.3.2)"),
        (TlpWarnings.DataWithFailedStatus, "a Completion with data whose status is not SC (§2.3.1.1)"),
        (TlpWarnings.ByteCountModified, "BCM is set: only PCI-X Completers do that (§2.2.9.1)"),
        (TlpWarnings.MessageCodeReserved, "undefined Message Code: handled as Unsupported Request (§2.3.1)"),
        (TlpWarnings.MessageCombination, "routing or Msg/MsgD that this Message does not have: handled as Unsupported Request (§2.3.1)"),
        (TlpWarnings.MessageLength, "the payload of this Message has another length than the specification gives it (§2.2.8)"),
        (TlpWarnings.IntxFunction, "the Function Number of an INTx Message's Requester ID must be 0 (§2.2.8.1)"),
        (TlpWarnings.EndEndPrefixReserved,
            "reserved End-End TLP Prefix type: handled as Unsupported Request or Unexpected Completion (§2.2.10.4)"),
        (TlpWarnings.TranslationLength, "a Translation Request asks for whole 2 DW entries (§10.2.2)"),
        (TlpWarnings.MessageIgnored, "a hot-plug signalling Message of revision 1.0a: Receivers ignore it (§2.2.8.7)"),
    ];
}
