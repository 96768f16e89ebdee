using System.Globalization;
using System.Text.Json;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Scenarios.Tlp;

/// <summary>One JSON object of `tlp decode --json`, or one written by hand, read key by key. Reused from line to line.</summary>
internal sealed class TlpFields
{
    private readonly uint[] _payload = new uint[TlpCodec.MaxDwords];

    public string Type = "";
    public int? Fmt, LengthDw, FirstBe, LastBe, ProcessingHint, SteeringTag, Register, ByteCount, LowerAddress, Status;
    public int? MessageCode, MessageRouting, Sequence, Vc, HdrScale, HdrFc, DataScale, DataFc, FeatureSupported;
    public int Tc, At, Tag;
    public bool NoSnoop, RelaxedOrdering, IdBasedOrdering, Th, Td, Ep, Bcm, NoWrite, FeatureAck;
    public RoutingId? RequesterId, DestinationId, CompleterId;
    public ulong? Address;
    public uint? MessageDw2, MessageDw3, Ecrc, Lcrc, Dllp, DllpCrc;
    public readonly List<uint> Prefixes = [];
    public readonly uint[] Reserved = new uint[4];

    /// <summary>DWs in <see cref="Payload"/>.</summary>
    public int PayloadDwords { get; private set; }

    /// <summary>The payload.</summary>
    public ReadOnlySpan<uint> Payload => _payload.AsSpan(0, PayloadDwords);

    /// <summary>Reads an object.</summary>
    /// <exception cref="FormatException">A key or value is wrong; the message says which.</exception>
    /// <exception cref="JsonException">The line is no JSON object.</exception>
    public void Read(ReadOnlySpan<byte> line)
    {
        Clear();
        var json = new Utf8JsonReader(line);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            throw new FormatException("a JSON object is expected");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string key = json.GetString()!;
            json.Read();
            ReadValue(key, ref json);
        }
        if (json.Read())
            throw new FormatException("there is something behind the JSON object");
        if (Type.Length == 0)
            throw new FormatException("\"type\" is missing");
    }

    private void Clear()
    {
        Type = "";
        Fmt = LengthDw = FirstBe = LastBe = ProcessingHint = SteeringTag = Register = ByteCount = LowerAddress = Status = null;
        MessageCode = MessageRouting = Sequence = Vc = HdrScale = HdrFc = DataScale = DataFc = FeatureSupported = null;
        Tc = At = Tag = PayloadDwords = 0;
        NoSnoop = RelaxedOrdering = IdBasedOrdering = Th = Td = Ep = Bcm = NoWrite = FeatureAck = false;
        RequesterId = DestinationId = CompleterId = null;
        Address = null;
        MessageDw2 = MessageDw3 = Ecrc = Lcrc = Dllp = DllpCrc = null;
        Prefixes.Clear();
        Array.Clear(Reserved);
    }

    private void ReadValue(string key, ref Utf8JsonReader json)
    {
        switch (key)
        {
            case "type": Type = Text(key, ref json); break;
            case "fmt": Fmt = Number(key, ref json, 3); break;
            case "length_dw": LengthDw = Number(key, ref json, 1024); break;
            case "tc": Tc = Number(key, ref json, 7); break;
            case "attr": ReadAttributes(ref json); break;
            case "th": Th = Flag(key, ref json); break;
            case "processing_hint": ProcessingHint = Number(key, ref json, 3); break;
            case "steering_tag": SteeringTag = Number(key, ref json, 255); break;
            case "td": Td = Flag(key, ref json); break;
            case "ep": Ep = Flag(key, ref json); break;
            case "at": At = Number(key, ref json, 3); break;
            case "requester_id": RequesterId = Id(key, ref json); break;
            case "tag": Tag = Number(key, ref json, 1023); break;
            case "first_be": FirstBe = Number(key, ref json, 15); break;
            case "last_be": LastBe = Number(key, ref json, 15); break;
            case "address": Address = Hex(key, ref json, ulong.MaxValue); break;
            case "no_write": NoWrite = Flag(key, ref json); break;
            case "destination_id": DestinationId = Id(key, ref json); break;
            case "register": Register = Number(key, ref json, 4095); break;
            case "completer_id": CompleterId = Id(key, ref json); break;
            case "status": Status = ReadStatus(Text(key, ref json)); break;
            case "bcm": Bcm = Flag(key, ref json); break;
            case "byte_count": ByteCount = Number(key, ref json, 4096); break;
            case "lower_address": LowerAddress = Number(key, ref json, 127); break;
            case "message_code": MessageCode = Number(key, ref json, 255); break;
            case "message_routing": MessageRouting = Number(key, ref json, 7); break;
            case "message_dw2": MessageDw2 = (uint)Hex(key, ref json, uint.MaxValue); break;
            case "message_dw3": MessageDw3 = (uint)Hex(key, ref json, uint.MaxValue); break;
            case "prefixes": ReadPrefixes(ref json); break;
            case "payload": ReadPayload(Text(key, ref json)); break;
            case "ecrc": Ecrc = (uint)Hex(key, ref json, uint.MaxValue); break;
            case "sequence": Sequence = Number(key, ref json, 4095); break;
            case "lcrc": Lcrc = (uint)Hex(key, ref json, uint.MaxValue); break;
            case "warnings": ReadWarnings(ref json); break;
            case "dllp": Dllp = (uint)Hex(key, ref json, uint.MaxValue); break;
            case "crc": DllpCrc = (uint)Hex(key, ref json, ushort.MaxValue); break;
            case "vc": Vc = Number(key, ref json, 7); break;
            case "hdr_scale": HdrScale = Number(key, ref json, 3); break;
            case "hdr_fc": HdrFc = Number(key, ref json, 255); break;
            case "data_scale": DataScale = Number(key, ref json, 3); break;
            case "data_fc": DataFc = Number(key, ref json, 4095); break;
            case "feature_ack": FeatureAck = Flag(key, ref json); break;
            case "feature_supported": FeatureSupported = Number(key, ref json, 0x7FFFFF); break;
            case "message_name" or "header_credits" or "data_credits": json.Skip(); break; // follow from other keys
            case "error": throw new FormatException("the object is the report of an error");
            default: throw new FormatException($"unknown key \"{key}\"");
        }
    }

    private void ReadAttributes(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartObject)
            throw new FormatException("\"attr\": an object is expected");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string key = json.GetString()!;
            json.Read();
            switch (key)
            {
                case "no_snoop": NoSnoop = Flag(key, ref json); break;
                case "relaxed_ordering": RelaxedOrdering = Flag(key, ref json); break;
                case "id_based_ordering": IdBasedOrdering = Flag(key, ref json); break;
                default: throw new FormatException($"unknown key \"{key}\" in \"attr\"");
            }
        }
    }

    private void ReadPrefixes(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
            throw new FormatException("\"prefixes\": an array is expected");
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType == JsonTokenType.String)
                Prefixes.Add((uint)Hex("prefixes", ref json, uint.MaxValue));
            else if (json.TokenType == JsonTokenType.StartObject)
                ReadPrefix(ref json);
            else
                throw new FormatException("\"prefixes\": objects with \"dw\", or hexadecimal strings, are expected");
        }
    }

    private void ReadPrefix(ref Utf8JsonReader json)
    {
        uint? dw = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isDword = json.ValueTextEquals("dw"u8);
            json.Read();
            if (isDword)
                dw = (uint)Hex("dw", ref json, uint.MaxValue);
            else
                json.Skip();
        }
        Prefixes.Add(dw ?? throw new FormatException("a prefix without \"dw\""));
    }

    private void ReadPayload(string hex)
    {
        if (hex.Length % 8 != 0 || hex.Length / 8 > _payload.Length)
            throw new FormatException($"\"payload\": {hex.Length} hexadecimal digits, 8 for each DW are expected");
        for (PayloadDwords = 0; PayloadDwords < hex.Length / 8; PayloadDwords++)
        {
            if (!uint.TryParse(hex.AsSpan(PayloadDwords * 8, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out _payload[PayloadDwords]))
                throw new FormatException("\"payload\" is not hexadecimal");
        }
    }

    // "reserved bits set: dw0 0x00020000, dw2 0x00000080 (§2.2.1)" gives back what no field of its own carries.
    private void ReadWarnings(ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.StartArray)
            throw new FormatException("\"warnings\": an array is expected");
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            string warning = Text("warnings", ref json);
            if (!warning.StartsWith(TlpDescription.ReservedBitsPrefix, StringComparison.Ordinal))
                continue;
            string[] words = warning[TlpDescription.ReservedBitsPrefix.Length..].Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
            for (int i = 0; i + 1 < words.Length; i += 2)
            {
                if (words[i] is ['d', 'w', >= '0' and <= '3'] && words[i + 1].StartsWith("0x", StringComparison.Ordinal)
                    && uint.TryParse(words[i + 1].AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint bits))
                    Reserved[words[i][2] - '0'] |= bits;
            }
        }
    }

    private static int ReadStatus(string status) => status switch
    {
        "SC" => 0,
        "UR" => 1,
        "RRS" or "CRS" => 2,
        "CA" => 4,
        _ when status.StartsWith("reserved ", StringComparison.Ordinal) && status.Length == 10 && status[9] is >= '0' and <= '7' =>
            status[9] - '0',
        _ => throw new FormatException("\"status\": SC, UR, RRS or CA is expected"),
    };

    private static string Text(string key, ref Utf8JsonReader json) => json.TokenType == JsonTokenType.String
        ? json.GetString()! : throw new FormatException($"\"{key}\": a string is expected");

    private static bool Flag(string key, ref Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        JsonTokenType.Number when json.TryGetInt32(out int bit) && bit is 0 or 1 => bit == 1,
        _ => throw new FormatException($"\"{key}\": true or false is expected"),
    };

    private static int Number(string key, ref Utf8JsonReader json, int max)
    {
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out int value) && value >= 0 && value <= max)
            return value;
        if (json.TokenType == JsonTokenType.String && TryHex(json.GetString()!, out ulong hex) && hex <= (ulong)max)
            return (int)hex;
        throw new FormatException($"\"{key}\": a number from 0 to {max} is expected");
    }

    private static ulong Hex(string key, ref Utf8JsonReader json, ulong max)
    {
        if (json.TokenType == JsonTokenType.String && TryHex(json.GetString()!, out ulong value) && value <= max)
            return value;
        throw new FormatException($"\"{key}\": a hexadecimal string up to 0x{max:x} is expected");
    }

    private static bool TryHex(string text, out ulong value)
    {
        value = 0;
        return text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private static RoutingId Id(string key, ref Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.String && RoutingId.TryParse(json.GetString()!, out var id)
            ? id : throw new FormatException($"\"{key}\": a Routing ID such as \"1b:00.2\" is expected");
}
