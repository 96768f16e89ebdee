using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Scenarios.Tlp;

/// <summary>The DWs of a TLP from its fields.</summary>
internal static class TlpAssembly
{
    /// <summary>Writes prefixes, header, payload and digest; gives back how many DWs.</summary>
    /// <exception cref="FormatException">A field is missing or does not fit the type.</exception>
    public static int Assemble(TlpFields fields, Span<uint> dws)
    {
        if (!Enum.TryParse(fields.Type, out TlpType type) || type == TlpType.Reserved || !char.IsAsciiLetter(fields.Type[0]))
            throw new FormatException($"\"type\": \"{fields.Type}\" is no TLP or DLLP type");
        var header = Header(fields, type);
        int at = 0;
        if (fields.Prefixes.Count > 8)
            throw new FormatException("\"prefixes\": more than eight");
        foreach (uint prefix in fields.Prefixes)
        {
            if (!TlpPrefix.IsPrefix(prefix))
                throw new FormatException($"\"prefixes\": 0x{prefix:x8} is no TLP Prefix, its Fmt is not 100b");
            dws[at++] = prefix;
        }
        dws[at++] = header.Dw0;
        dws[at++] = header.Dw1;
        dws[at++] = header.Dw2;
        if (header.HeaderDwords == 4)
            dws[at++] = header.Dw3;
        if (fields.PayloadDwords + at + 1 > dws.Length)
            throw new FormatException($"\"payload\": longer than any TLP ({TlpCodec.MaxDwords} DWs)");
        fields.Payload.CopyTo(dws[at..]);
        at += fields.PayloadDwords;
        if (fields.Ecrc is { } ecrc)
            dws[at++] = ecrc;
        else if (fields.Td && fields.PayloadDwords > 0)
            dws[at] = Ecrc.Compute(dws[..at++]);
        return at;
    }

    private static TlpHeader Header(TlpFields fields, TlpType type)
    {
        bool isMessage = type is TlpType.Msg or TlpType.MsgD;
        bool isCompletion = type is TlpType.Cpl or TlpType.CplD or TlpType.CplLk or TlpType.CplDLk;
        bool isConfiguration = type is TlpType.CfgRd0 or TlpType.CfgRd1 or TlpType.CfgWr0 or TlpType.CfgWr1;
        bool wide = fields.Fmt is { } fmt ? (fmt & 1) != 0 : fields.Address > uint.MaxValue;
        uint first = TlpEncodings.FirstByte(type, wide);
        if (fields.Fmt is { } given && given != first >> 5)
            throw new FormatException($"\"fmt\": {given} does not fit {type}");
        if (isMessage)
            first |= (uint)Need(fields.MessageRouting, "message_routing", type);

        var header = new TlpHeader { Dw0 = first << 24 | (fields.Th ? 1u << 16 : 0) };
        header.Tc = fields.Tc;
        header.Attributes = (fields.NoSnoop ? TlpAttributes.NoSnoop : 0) | (fields.RelaxedOrdering ? TlpAttributes.RelaxedOrdering : 0)
            | (fields.IdBasedOrdering ? TlpAttributes.IdBasedOrdering : 0);
        header.Td = fields.Td;
        header.Poisoned = fields.Ep;
        header.At = (AddressType)fields.At;
        header.LengthDw = fields.LengthDw
            ?? (header.HasData ? fields.PayloadDwords : type is TlpType.Msg or TlpType.Cpl or TlpType.CplLk ? 0 : 1);
        if (isCompletion)
            Completion(fields, type, ref header);
        else if (isMessage)
            Message(fields, type, ref header);
        else if (isConfiguration)
            header.Dw2 = (uint)Need(fields.DestinationId, "destination_id", type).Value << 16
                | (uint)Need(fields.Register, "register", type) & 0xFFC;
        else
            Address(fields, type, ref header);
        if (!isCompletion && !isMessage && type is not (TlpType.FetchAdd or TlpType.Swap or TlpType.CAS))
            header.Dw1 |= (uint)(fields.LastBe ?? (header.LengthDw > 1 ? 0xF : 0)) << 4 | (uint)(fields.FirstBe ?? 0xF);
        header.RequesterId = Need(fields.RequesterId, "requester_id", type);
        header.Tag = fields.Tag;
        if (fields.Th && fields.SteeringTag is { } steeringTag)
            PutSteeringTag(ref header, type, (uint)steeringTag);
        header.Dw0 |= fields.Reserved[0];
        header.Dw1 |= fields.Reserved[1];
        header.Dw2 |= fields.Reserved[2];
        header.Dw3 |= fields.Reserved[3];
        return header;
    }

    private static void Completion(TlpFields fields, TlpType type, ref TlpHeader header)
    {
        header.Dw1 = (uint)Need(fields.CompleterId, "completer_id", type).Value << 16 | (uint)Need(fields.Status, "status", type) << 13
            | (fields.Bcm ? 1u << 12 : 0) | (uint)(fields.ByteCount ?? 4) & 0xFFF;
        header.Dw2 = (uint)(fields.LowerAddress ?? 0);
    }

    private static void Message(TlpFields fields, TlpType type, ref TlpHeader header)
    {
        header.Dw1 = (uint)Need(fields.MessageCode, "message_code", type);
        header.Dw2 = fields.MessageDw2 ?? 0;
        header.Dw3 = fields.MessageDw3 ?? 0;
        if (fields.DestinationId is { } destination)
            header.Dw2 = (uint)destination.Value << 16 | header.Dw2 & 0xFFFF;
    }

    private static void Address(TlpFields fields, TlpType type, ref TlpHeader header)
    {
        ulong address = fields.Address ?? throw Missing("address", type);
        if (header.HeaderDwords == 3 && address > uint.MaxValue)
            throw new FormatException($"\"address\": 0x{address:x} does not fit the 32-bit format");
        if ((address & 3) != 0)
            throw new FormatException($"\"address\": 0x{address:x} is not the address of a DW; the byte enables select bytes");
        header.Address = address;
        uint low = fields.Th ? (uint)(fields.ProcessingHint ?? 0) : fields.NoWrite ? 1u : 0;
        if (header.HeaderDwords == 4)
            header.Dw3 |= low;
        else
            header.Dw2 |= low;
    }

    private static void PutSteeringTag(ref TlpHeader header, TlpType type, uint steeringTag)
    {
        if (type == TlpType.MWr)
            header.Dw1 = header.Dw1 & ~0xFF00u | steeringTag << 8;
        else if (type is TlpType.MRd or TlpType.MRdLk or TlpType.DMWr or TlpType.FetchAdd or TlpType.Swap or TlpType.CAS)
            header.Dw1 = header.Dw1 & ~0xFFu | steeringTag;
    }

    private static T Need<T>(T? value, string key, TlpType type) where T : struct => value ?? throw Missing(key, type);

    private static FormatException Missing(string key, TlpType type) => new($"\"{key}\" is missing: {type} has it");
}
