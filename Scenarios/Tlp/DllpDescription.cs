using System.Globalization;
using System.Text;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Scenarios.Tlp;

/// <summary>A DLLP as a field table or a JSON object, and from the object back.</summary>
internal static class DllpDescription
{
    private static readonly (DllpType Type, string Name)[] Names =
    [
        (DllpType.Ack, "Ack"), (DllpType.Nak, "Nak"), (DllpType.MRInit, "MRInit"), (DllpType.DataLinkFeature, "Data_Link_Feature"),
        (DllpType.PmEnterL1, "PM_Enter_L1"), (DllpType.PmEnterL23, "PM_Enter_L23"),
        (DllpType.PmActiveStateRequestL1, "PM_Active_State_Request_L1"), (DllpType.PmRequestAck, "PM_Request_Ack"),
        (DllpType.VendorSpecific, "Vendor_Specific"), (DllpType.Nop, "NOP"),
        (DllpType.InitFC1P, "InitFC1-P"), (DllpType.InitFC1NP, "InitFC1-NP"), (DllpType.InitFC1Cpl, "InitFC1-Cpl"),
        (DllpType.InitFC2P, "InitFC2-P"), (DllpType.InitFC2NP, "InitFC2-NP"), (DllpType.InitFC2Cpl, "InitFC2-Cpl"),
        (DllpType.UpdateFCP, "UpdateFC-P"), (DllpType.UpdateFCNP, "UpdateFC-NP"), (DllpType.UpdateFCCpl, "UpdateFC-Cpl"),
        (DllpType.MRInitFC1, "MRInitFC1"), (DllpType.MRInitFC2, "MRInitFC2"), (DllpType.MRUpdateFC, "MRUpdateFC"),
        (DllpType.Reserved, "reserved_dllp"),
    ];

    /// <summary>The specification's name.</summary>
    public static string NameOf(DllpType type) => Array.Find(Names, row => row.Type == type).Name;

    /// <summary>The type of that name; false if it names no DLLP.</summary>
    public static bool TryFind(string name, out DllpType type)
    {
        int index = Array.FindIndex(Names, row => row.Name == name);
        type = index < 0 ? default : Names[index].Type;
        return index >= 0;
    }

    /// <summary>Writes the JSON object; "dllp" has the four bytes, from which encode builds it again.</summary>
    public static void Write(TlpJsonWriter writer, Dllp dllp, ushort? crc)
    {
        var json = writer.Start();
        json.WriteString("type", NameOf(dllp.Type));
        json.WriteString("dllp", $"0x{dllp.Value:x8}");
        if (dllp.Type is DllpType.Ack or DllpType.Nak)
            json.WriteNumber("sequence", dllp.SequenceNumber);
        else if (dllp.Type == DllpType.DataLinkFeature)
        {
            json.WriteBoolean("feature_ack", dllp.FeatureAck);
            json.WriteNumber("feature_supported", dllp.FeatureSupported);
        }
        else if (dllp.IsFlowControl)
        {
            json.WriteNumber("vc", dllp.VirtualChannel);
            json.WriteNumber("hdr_scale", dllp.HdrScale);
            json.WriteNumber("hdr_fc", dllp.HdrFC);
            json.WriteNumber("header_credits", dllp.HeaderCredits);
            json.WriteNumber("data_scale", dllp.DataScale);
            json.WriteNumber("data_fc", dllp.DataFC);
            json.WriteNumber("data_credits", dllp.DataCredits);
        }
        json.WriteString("crc", $"0x{crc ?? dllp.Crc:x4}");
        writer.End(Warnings(dllp, crc));
    }

    /// <summary>Appends the table.</summary>
    public static void Write(StringBuilder text, TlpTextWriter table, Dllp dllp, ushort? crc)
    {
        text.Append(NameOf(dllp.Type)).Append('\n');
        table.Row("dllp", $"{dllp.Value:x8}");
        if (dllp.Type is DllpType.Ack or DllpType.Nak)
            table.Row("sequence", dllp.SequenceNumber.ToString(CultureInfo.InvariantCulture));
        else if (dllp.Type == DllpType.DataLinkFeature)
            table.Row("feature", $"supported 0x{dllp.FeatureSupported:x6}, ack {(dllp.FeatureAck ? 1 : 0)}");
        else if (dllp.IsFlowControl)
        {
            table.Row("vc", dllp.VirtualChannel.ToString(CultureInfo.InvariantCulture));
            table.Row("header credits", $"{dllp.HeaderCredits} (HdrFC {dllp.HdrFC}, scale {dllp.HdrScale})");
            table.Row("data credits", $"{dllp.DataCredits} (DataFC {dllp.DataFC}, scale {dllp.DataScale})");
        }
        table.Row("crc", $"0x{crc ?? dllp.Crc:x4}{(crc is null ? " (computed)" : "")}");
        foreach (string warning in Warnings(dllp, crc))
            table.Row("warning", warning);
    }

    private static List<string> Warnings(Dllp dllp, ushort? crc)
    {
        var warnings = new List<string>();
        if (crc is { } sent && sent != dllp.Crc)
            warnings.Add($"the CRC does not match: 0x{dllp.Crc:x4} was expected (§3.5.1)");
        if (dllp.Type == DllpType.Reserved)
            warnings.Add("reserved DLLP type: silently ignored by a Receiver (§3.6.2.2)");
        if (dllp.ReservedBits != 0)
            warnings.Add($"reserved bits set: dw0 0x{dllp.ReservedBits:x8} (§3.5.1)");
        return warnings;
    }
}
