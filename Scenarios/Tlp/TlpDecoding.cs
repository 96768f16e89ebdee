using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Scenarios.Tlp;

/// <summary>What a line of input holds.</summary>
internal enum TlpFraming
{
    /// <summary>A TLP, from its prefixes to its digest.</summary>
    Tlp,

    /// <summary>A TLP as on the Link: two bytes of sequence number, the TLP, the LCRC.</summary>
    Link,

    /// <summary>A DLLP: four bytes, and its CRC if there are six.</summary>
    Dllp,
}

/// <summary>`pciesim tlp decode`: lines of hexadecimal text in, tables or JSON lines out, in input order and in constant memory.</summary>
internal sealed class TlpDecoding
{
    private const int FlushAt = 32 * 1024;
    private const int InputShown = 200;

    private readonly Stream _output;
    private readonly TlpFraming _framing;
    private readonly bool _asJson;
    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushAt);
    private readonly TlpJsonWriter _json;
    private readonly StringBuilder _text = new();
    private readonly TlpTextWriter _table;
    private readonly TlpInput _input = new();
    private readonly TlpReport _report = new();
    private bool _first = true;

    public TlpDecoding(Stream output, TlpFraming framing, bool asJson)
    {
        (_output, _framing, _asJson) = (output, framing, asJson);
        _json = new(_buffer);
        _table = new(_text);
    }

    /// <summary>True once a line was malformed or no hexadecimal text.</summary>
    public bool AnyError { get; private set; }

    /// <summary>Decodes every line of a stream; blank ones are passed over.</summary>
    public void DecodeAll(Stream input)
    {
        var lines = new LineReader(input, Flush);
        while (lines.TryRead(out var line, out bool cut))
        {
            if (cut)
                Fail("the line is longer than any TLP", TlpRule.Input, line);
            else if (line.IndexOfAnyExcept(" \t"u8) >= 0)
                Decode(line);
        }
        Flush();
    }

    /// <summary>Decodes one line.</summary>
    public void Decode(ReadOnlySpan<byte> line)
    {
        if (_input.Read(line, out var broken) is { } unreadable)
            Fail(unreadable, broken, line);
        else if (_framing == TlpFraming.Dllp)
            DecodeDllp(line);
        else
            DecodeTlp(line);
        if (_buffer.WrittenCount >= FlushAt)
            Flush();
    }

    /// <summary>Writes out what is buffered.</summary>
    public void Flush()
    {
        if (_buffer.WrittenCount == 0)
            return;
        _output.Write(_buffer.WrittenSpan);
        _output.Flush();
        _buffer.ResetWrittenCount();
    }

    private void DecodeTlp(ReadOnlySpan<byte> line)
    {
        bool onLink = _framing == TlpFraming.Link;
        string? wrong = _input.DroppedLogDword is not null ? null : onLink ? _input.TakeDwords(2, 4) : _input.TakeDwords();
        if (wrong is not null)
            Fail(onLink ? "two bytes of sequence number, whole DWs and four bytes of LCRC are expected" : wrong, TlpRule.Input, line);
        else if (!_report.Decode(_input.Dwords, _input.DroppedLogDword, out var broken))
            Fail(TlpRules.Text(broken), broken, line);
        else
        {
            if (onLink)
                _report.AddFraming(BinaryPrimitives.ReadUInt16BigEndian(_input.Bytes),
                    BinaryPrimitives.ReadUInt32BigEndian(_input.Bytes[^4..]), _input.Dwords);
            Show();
        }
    }

    private void Show()
    {
        if (_asJson)
        {
            _json.Write(_report, _input.Dwords);
            _buffer.Write("\n"u8);
            return;
        }
        Separate();
        _table.Write(_report, _input.Dwords);
        TakeText();
    }

    private void DecodeDllp(ReadOnlySpan<byte> line)
    {
        var bytes = _input.Bytes;
        if (bytes.Length is not (4 or 6))
        {
            Fail($"{bytes.Length} bytes: a DLLP has four, and two of CRC", TlpRule.Input, line);
            return;
        }
        var dllp = new Dllp(BinaryPrimitives.ReadUInt32BigEndian(bytes));
        ushort? crc = bytes.Length == 6 ? BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) : null;
        if (_asJson)
        {
            DllpDescription.Write(_json, dllp, crc);
            _buffer.Write("\n"u8);
            return;
        }
        Separate();
        DllpDescription.Write(_text, _table, dllp, crc);
        TakeText();
    }

    private void Fail(string error, TlpRule rule, ReadOnlySpan<byte> line)
    {
        AnyError = true;
        string shown = Encoding.UTF8.GetString(line[..Math.Min(line.Length, InputShown)]).Trim();
        if (line.Length > InputShown)
            shown += "...";
        if (_asJson)
        {
            _json.WriteError(error, rule, shown);
            _buffer.Write("\n"u8);
            return;
        }
        Separate();
        _text.Append("malformed: ").Append(error).Append(" (").Append(TlpRules.Name(rule)).Append("): ").Append(shown).Append('\n');
        TakeText();
    }

    private void Separate()
    {
        if (!_first)
            _text.Append('\n');
        _first = false;
    }

    private void TakeText()
    {
        foreach (var chunk in _text.GetChunks())
            Encoding.UTF8.GetBytes(chunk.Span, _buffer);
        _text.Clear();
    }
}
