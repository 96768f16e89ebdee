using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Scenarios.Tlp;

/// <summary>`pciesim tlp encode`: JSON lines in, lines of hexadecimal DWs out, in input order and in constant memory.</summary>
internal sealed class TlpEncoding
{
    private const int FlushAt = 32 * 1024;
    private const int InputShown = 200;

    private readonly Stream _output;
    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushAt);
    private readonly TlpJsonWriter _errors;
    private readonly TlpFields _fields = new();
    private readonly uint[] _dws = new uint[TlpCodec.MaxDwords];

    public TlpEncoding(Stream output)
    {
        _output = output;
        _errors = new(_buffer);
    }

    /// <summary>True once a line could not be encoded.</summary>
    public bool AnyError { get; private set; }

    /// <summary>Encodes every line of a stream; blank ones are passed over.</summary>
    public void EncodeAll(Stream input)
    {
        var lines = new LineReader(input, Flush);
        while (lines.TryRead(out var line, out bool cut))
        {
            if (cut)
                Fail("the line is longer than any TLP's object", TlpRule.Input, line);
            else if (line.IndexOfAnyExcept(" \t"u8) >= 0)
                Encode(line);
        }
        Flush();
    }

    /// <summary>Encodes one object.</summary>
    public void Encode(ReadOnlySpan<byte> line)
    {
        try
        {
            _fields.Read(line);
            if (DllpDescription.TryFind(_fields.Type, out var dllp))
                WriteDllp(dllp);
            else
                WriteTlp(line);
        }
        catch (FormatException wrong)
        {
            Fail(wrong.Message, TlpRule.Input, line);
        }
        catch (JsonException wrong)
        {
            Fail($"no JSON object: {wrong.Message}", TlpRule.Input, line);
        }
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

    private void WriteTlp(ReadOnlySpan<byte> line)
    {
        var dws = _dws.AsSpan(0, TlpAssembly.Assemble(_fields, _dws));
        if (!TlpCodec.TryDecode(dws, out _, out var broken))
        {
            Fail(TlpRules.Text(broken), broken, line);
            return;
        }
        if (_fields.Sequence is { } sequence)
            WriteHex((uint)sequence, 4, ' ');
        for (int i = 0; i < dws.Length; i++)
            WriteHex(dws[i], 8, i + 1 < dws.Length || _fields.Sequence is not null ? ' ' : '\n');
        if (_fields.Sequence is { } number)
            WriteHex(_fields.Lcrc ?? Lcrc.Compute(number, dws), 8, '\n');
    }

    private void WriteDllp(DllpType type)
    {
        var dllp = _fields.Dllp is { } bytes ? new Dllp(bytes) : type switch
        {
            DllpType.Ack => Dllp.Ack(_fields.Sequence ?? 0),
            DllpType.Nak => Dllp.Nak(_fields.Sequence ?? 0),
            DllpType.DataLinkFeature => Dllp.Feature(_fields.FeatureSupported ?? 0, _fields.FeatureAck),
            DllpType.Reserved => throw new FormatException("\"dllp\" is missing: a reserved DLLP has no fields"),
            _ when Dllp.Plain(type).IsFlowControl => Dllp.FlowControl(type, _fields.Vc ?? 0, _fields.HdrFc ?? 0, _fields.DataFc ?? 0,
                _fields.HdrScale ?? 0, _fields.DataScale ?? 0),
            _ => Dllp.Plain(type),
        };
        if (dllp.Type != type)
            throw new FormatException($"\"dllp\": 0x{dllp.Value:x8} is no {_fields.Type}");
        WriteHex(dllp.Value, 8, ' ');
        WriteHex(_fields.DllpCrc ?? dllp.Crc, 4, '\n');
    }

    private void WriteHex(uint value, int digits, char end)
    {
        var span = _buffer.GetSpan(digits + 1);
        value.TryFormat(span, out _, digits == 8 ? "x8" : "x4", CultureInfo.InvariantCulture);
        span[digits] = (byte)end;
        _buffer.Advance(digits + 1);
    }

    private void Fail(string error, TlpRule rule, ReadOnlySpan<byte> line)
    {
        AnyError = true;
        string shown = Encoding.UTF8.GetString(line[..Math.Min(line.Length, InputShown)]).Trim();
        _errors.WriteError(error, rule, line.Length > InputShown ? shown + "..." : shown);
        _buffer.Write("\n"u8);
    }
}
