using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Scenarios.Output;
using Scenarios.Results;
using Scenarios.Tlp;
using Sim.Pcie.Spec;

namespace Scenarios.Traces;

/// <summary>A TLP as a line of the event log: where and when, its header DWs, and every field of the header by name.</summary>
internal sealed class TlpEventWriter(IBufferWriter<byte> output, string variant)
{
    private readonly Utf8JsonWriter _json = new(output, EventsJson.OneLine);
    private TlpJsonWriter? _header;

    public void Write(in TlpFrame frame, LinkWay way, string summary)
    {
        _json.Reset();
        var time = (frame.Time - Sim.Core.SimTime.Zero).Femtoseconds;
        Write(_json, _header ??= new TlpJsonWriter(_json), variant, time, way.ToString(), summary, frame.Header);
        _json.Flush();
    }

    /// <summary>The same from a record that was kept.</summary>
    public static void Write(Utf8JsonWriter json, string variant, TlpRecord tlp)
    {
        var dws = tlp.Header;
        var header = new TlpHeader { Dw0 = dws[0], Dw1 = dws[1], Dw2 = dws[2], Dw3 = dws.Count > 3 ? dws[3] : 0 };
        Write(json, new TlpJsonWriter(json), variant, tlp.Time.Femtoseconds, tlp.Link, tlp.Summary, in header);
    }

    private static void Write(
        Utf8JsonWriter json, TlpJsonWriter fields, string variant, long time, string link, string summary, in TlpHeader header)
    {
        json.WriteStartObject();
        json.WriteString("variant"u8, variant);
        json.WriteNumber("t_fs"u8, time);
        json.WriteString("event"u8, "tlp");
        json.WriteString("link"u8, link);
        json.WriteString("summary"u8, summary);
        json.WriteStartArray("header"u8);
        Span<char> digits = stackalloc char[8];
        for (var i = 0; i < header.HeaderDwords; i++)
        {
            var dw = i switch { 0 => header.Dw0, 1 => header.Dw1, 2 => header.Dw2, _ => header.Dw3 };
            dw.TryFormat(digits, out _, "x8", CultureInfo.InvariantCulture);
            json.WriteStringValue(digits);
        }

        json.WriteEndArray();
        json.WriteStartObject("tlp"u8);
        fields.WriteHeader(in header);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
