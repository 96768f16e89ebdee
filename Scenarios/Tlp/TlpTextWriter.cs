using System.Globalization;
using System.Text;
using Sim.Pcie.Spec;

namespace Scenarios.Tlp;

/// <summary>A decoded TLP as a small field table.</summary>
internal sealed class TlpTextWriter(StringBuilder text)
{
    private const int PayloadDwordsPerRow = 8;
    private const int LabelWidth = 16;

    /// <summary>Appends the table of one TLP.</summary>
    public void Write(TlpReport report, ReadOnlySpan<uint> dws)
    {
        ref readonly var tlp = ref report.Tlp;
        ref readonly var header = ref tlp.Header;
        text.Append($"{header.Type}  {TlpDescription.Describe(header.Type)}, {header.HeaderDwords} DW header\n");
        foreach (uint dw in dws[..tlp.PrefixCount])
            Row("prefix", Describe(new TlpPrefix(dw)));
        Row("header", header.ToString());
        Row("fmt", $"{Convert.ToString(header.Fmt, 2).PadLeft(3, '0')}b");
        if (header.Type is not (TlpType.Msg or TlpType.Cpl or TlpType.CplLk))
            Row("length_dw", $"{header.LengthDw} ({header.LengthDw * 4} bytes)");
        Row("tc", $"{header.Tc}");
        Row("attr", Describe(header.Attributes));
        Row("th td ep at", $"{Bit(header.Th)} {Bit(header.Td)} {Bit(header.Poisoned)} {(int)header.At}");
        Row("requester_id", $"{header.RequesterId}");
        Row("tag", $"{header.Tag} (0x{header.Tag:x})");
        switch (header.Type)
        {
            case TlpType.Cpl or TlpType.CplD or TlpType.CplLk or TlpType.CplDLk:
                Completion(in header);
                break;
            case TlpType.Msg or TlpType.MsgD:
                Message(in header);
                break;
            default:
                Request(in header);
                break;
        }
        Payload(dws.Slice(tlp.PayloadStart, tlp.PayloadDwords));
        if (tlp.HasDigest)
            Row("ecrc", $"0x{dws[^1]:x8}");
        if (report.Sequence is { } sequence)
            Row("sequence, lcrc", $"{sequence}, 0x{report.Lcrc:x8}");
        foreach (string warning in report.Warnings)
            Row("warning", warning);
    }

    private void Request(in TlpHeader header)
    {
        if (header.IsConfiguration)
        {
            Row("destination_id", $"{header.DestinationId}");
            Row("register", $"0x{header.Register:x3}");
        }
        else
            Row("address", $"0x{header.Address:x16}");
        if (header.Type is not (TlpType.FetchAdd or TlpType.Swap or TlpType.CAS))
            Row("first/last be", $"{Enables(header.FirstBe)} {Enables(header.LastBe)} ({header.EnabledBytes} bytes)");
        if (header.Th && !header.IsConfiguration && !header.IsIo)
            Row("processing_hint", $"{header.ProcessingHint}, steering tag 0x{header.SteeringTag:x2}");
        if (header.IsNoWrite)
            Row("no_write", "1");
    }

    private void Completion(in TlpHeader header)
    {
        Row("completer_id", $"{header.CompleterId}");
        Row("status", TlpDescription.Status(header.Status));
        Row("byte_count", $"{header.ByteCount}{(header.Bcm ? " (BCM)" : "")}");
        Row("lower_address", $"0x{header.LowerAddress:x2}");
    }

    private void Message(in TlpHeader header)
    {
        Row("message", $"0x{(int)header.MessageCode:x2} {MessageTable.NameOf(in header)}");
        Row("routing", $"{(int)header.MessageRouting} {TlpDescription.Describe(header.MessageRouting)}");
        if (header.MessageRouting == MessageRouting.ById)
            Row("destination_id", $"{header.DestinationId}");
        Row("bytes 8 to 15", $"{header.Dw2:x8} {header.Dw3:x8}");
    }

    private void Payload(ReadOnlySpan<uint> payload)
    {
        for (int i = 0; i < payload.Length; i += PayloadDwordsPerRow)
        {
            text.Append("  ").Append((i == 0 ? $"payload {payload.Length} DW" : "").PadRight(LabelWidth));
            foreach (uint dw in payload.Slice(i, Math.Min(PayloadDwordsPerRow, payload.Length - i)))
                text.Append(' ').Append(CultureInfo.InvariantCulture, $"{dw:x8}");
            text.Append('\n');
        }
    }

    /// <summary>Appends one row.</summary>
    public void Row(string label, string value) =>
        text.Append("  ").Append(label.PadRight(LabelWidth)).Append(' ').Append(value).Append('\n');

    private static string Describe(TlpPrefix prefix) => prefix.Type switch
    {
        TlpPrefixType.Pasid => $"{prefix.Value:x8} PASID 0x{prefix.PasidValue:x5}{(prefix.ExecuteRequested ? " execute" : "")}"
            + (prefix.PrivilegedModeRequested ? " privileged" : ""),
        TlpPrefixType.Tph => $"{prefix.Value:x8} TPH steering tag high byte 0x{prefix.SteeringTagHigh:x2}",
        _ => $"{prefix.Value:x8} {prefix.Name} ({(prefix.IsEndEnd ? "End-End" : "Local")})",
    };

    private static string Describe(TlpAttributes attributes) => attributes == TlpAttributes.None ? "-" : attributes.ToString();

    private static string Enables(int enables) => Convert.ToString(enables, 2).PadLeft(4, '0') + "b";

    private static char Bit(bool value) => value ? '1' : '0';
}
