using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Scenarios.Language;
using Sim.Pcie.Spec;

namespace Scenarios.Tlp;

/// <summary>A decoded TLP as one JSON object on one line.</summary>
/// <param name="json">Where it goes.</param>
internal sealed class TlpJsonWriter(Utf8JsonWriter json)
{
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private readonly Utf8JsonWriter _json = json;

    /// <summary>A writer of lines of its own.</summary>
    public TlpJsonWriter(IBufferWriter<byte> output) : this(new Utf8JsonWriter(output, Options))
    {
    }

    /// <summary>Writes a TLP.</summary>
    public void Write(TlpReport report, ReadOnlySpan<uint> dws)
    {
        _json.Reset();
        _json.WriteStartObject();
        ref readonly var tlp = ref report.Tlp;
        WriteHeader(in tlp.Header);
        if (tlp.PrefixCount > 0)
            Prefixes(dws[..tlp.PrefixCount]);
        if (tlp.PayloadDwords > 0)
            Hex("payload"u8, dws.Slice(tlp.PayloadStart, tlp.PayloadDwords), "");
        if (tlp.HasDigest)
            Hex("ecrc"u8, dws[^1..], "0x");
        if (report.Sequence is { } sequence)
        {
            _json.WriteNumber("sequence"u8, sequence);
            Hex("lcrc"u8, [report.Lcrc], "0x");
        }
        Warnings(report.Warnings);
        _json.WriteEndObject();
        _json.Flush();
    }

    /// <summary>Writes an error.</summary>
    public void WriteError(string error, TlpRule rule, string input)
    {
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("error"u8, error);
        _json.WriteString("rule"u8, TlpRules.Name(rule));
        _json.WriteString("input"u8, input);
        _json.WriteEndObject();
        _json.Flush();
    }

    /// <summary>Starts an object of another kind on the same writer; the caller ends it with <see cref="End"/>.</summary>
    public Utf8JsonWriter Start()
    {
        _json.Reset();
        _json.WriteStartObject();
        return _json;
    }

    /// <summary>Ends an object begun with <see cref="Start"/>.</summary>
    public void End(IReadOnlyList<string> warnings)
    {
        Warnings(warnings);
        _json.WriteEndObject();
        _json.Flush();
    }

    /// <summary>Writes the fields of a header as members of the object that is open.</summary>
    public void WriteHeader(in TlpHeader header)
    {
        Common(in header);
        switch (header.Type)
        {
            case TlpType.Cpl or TlpType.CplD or TlpType.CplLk or TlpType.CplDLk:
                Completion(in header);
                break;
            case TlpType.Msg or TlpType.MsgD:
                Message(in header);
                break;
            case TlpType.CfgRd0 or TlpType.CfgRd1 or TlpType.CfgWr0 or TlpType.CfgWr1:
                Request(in header);
                Id("destination_id"u8, header.DestinationId);
                _json.WriteNumber("register"u8, header.Register);
                break;
            default:
                Request(in header);
                Memory(in header);
                break;
        }
    }

    private void Common(in TlpHeader header)
    {
        _json.WriteString("type"u8, EnumNames<TlpType>.Of(header.Type));
        _json.WriteNumber("fmt"u8, header.Fmt);
        bool hasLength = header.Type is not (TlpType.Msg or TlpType.Cpl or TlpType.CplLk); // there Length is reserved (§2.2.1)
        _json.WriteNumber("length_dw"u8, hasLength ? header.LengthDw : 0);
        _json.WriteNumber("tc"u8, header.Tc);
        _json.WriteStartObject("attr"u8);
        _json.WriteBoolean("no_snoop"u8, (header.Attributes & TlpAttributes.NoSnoop) != 0);
        _json.WriteBoolean("relaxed_ordering"u8, (header.Attributes & TlpAttributes.RelaxedOrdering) != 0);
        _json.WriteBoolean("id_based_ordering"u8, (header.Attributes & TlpAttributes.IdBasedOrdering) != 0);
        _json.WriteEndObject();
        _json.WriteBoolean("th"u8, header.Th);
        _json.WriteBoolean("td"u8, header.Td);
        _json.WriteBoolean("ep"u8, header.Poisoned);
        _json.WriteNumber("at"u8, (int)header.At);
        Id("requester_id"u8, header.RequesterId);
        _json.WriteNumber("tag"u8, header.Tag);
    }

    private void Request(in TlpHeader header)
    {
        if (header.Type is TlpType.FetchAdd or TlpType.Swap or TlpType.CAS)
            return; // §2.2.5: AtomicOps have no byte enables
        _json.WriteNumber("first_be"u8, header.FirstBe);
        _json.WriteNumber("last_be"u8, header.LastBe);
    }

    private void Memory(in TlpHeader header)
    {
        Hex("address"u8, [(uint)(header.Address >> 32), (uint)header.Address], "0x");
        if (header.Th && !header.IsIo)
        {
            _json.WriteNumber("processing_hint"u8, header.ProcessingHint);
            _json.WriteNumber("steering_tag"u8, header.SteeringTag);
        }
        else if (header.IsNoWrite)
            _json.WriteBoolean("no_write"u8, true);
    }

    private void Completion(in TlpHeader header)
    {
        Id("completer_id"u8, header.CompleterId);
        _json.WriteString("status"u8, TlpDescription.Status(header.Status));
        _json.WriteBoolean("bcm"u8, header.Bcm);
        _json.WriteNumber("byte_count"u8, header.ByteCount);
        _json.WriteNumber("lower_address"u8, header.LowerAddress);
    }

    private void Message(in TlpHeader header)
    {
        _json.WriteNumber("message_code"u8, (int)header.MessageCode);
        _json.WriteString("message_name"u8, MessageTable.NameOf(in header));
        _json.WriteNumber("message_routing"u8, (int)header.MessageRouting);
        if (header.MessageRouting == MessageRouting.ById)
            Id("destination_id"u8, header.DestinationId);
        if (header.Dw2 != 0)
            Hex("message_dw2"u8, [header.Dw2], "0x");
        if (header.Dw3 != 0)
            Hex("message_dw3"u8, [header.Dw3], "0x");
    }

    private void Prefixes(ReadOnlySpan<uint> dws)
    {
        _json.WriteStartArray("prefixes"u8);
        foreach (uint dw in dws)
        {
            var prefix = new TlpPrefix(dw);
            _json.WriteStartObject();
            _json.WriteString("type"u8, prefix.Name);
            _json.WriteBoolean("end_end"u8, prefix.IsEndEnd);
            Hex("dw"u8, [dw], "0x");
            if (prefix.Type == TlpPrefixType.Pasid)
            {
                _json.WriteNumber("pasid"u8, prefix.PasidValue);
                _json.WriteBoolean("execute_requested"u8, prefix.ExecuteRequested);
                _json.WriteBoolean("privileged_mode_requested"u8, prefix.PrivilegedModeRequested);
            }
            else if (prefix.Type == TlpPrefixType.Tph)
                _json.WriteNumber("steering_tag_high"u8, prefix.SteeringTagHigh);
            _json.WriteEndObject();
        }
        _json.WriteEndArray();
    }

    private void Warnings(IReadOnlyList<string> warnings)
    {
        _json.WriteStartArray("warnings"u8);
        for (int i = 0; i < warnings.Count; i++)
            _json.WriteStringValue(warnings[i]);
        _json.WriteEndArray();
    }

    private void Id(ReadOnlySpan<byte> key, RoutingId id)
    {
        Span<char> text = stackalloc char[7];
        text.TryWrite(CultureInfo.InvariantCulture, $"{id.Bus:x2}:{id.Device:x2}.{id.Function}", out int length);
        _json.WriteString(key, text[..length]);
    }

    private void Hex(ReadOnlySpan<byte> key, ReadOnlySpan<uint> dws, string prefix)
    {
        char[] text = ArrayPool<char>.Shared.Rent(prefix.Length + dws.Length * 8);
        prefix.CopyTo(text);
        int at = prefix.Length;
        foreach (uint dw in dws)
        {
            dw.TryFormat(text.AsSpan(at), out _, "x8", CultureInfo.InvariantCulture);
            at += 8;
        }
        _json.WriteString(key, text.AsSpan(0, at));
        ArrayPool<char>.Shared.Return(text);
    }
}
