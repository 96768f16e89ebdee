using System.Buffers.Binary;
using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Scenarios.Tlp;

/// <summary>
/// One line of hexadecimal text turned into bytes and DWs: plain hex, 0x words, byte pairs, or a kernel log's TLP Header.
/// </summary>
internal sealed class TlpInput
{
    private static ReadOnlySpan<byte> LogMarker => "TLP Header"u8;
    private static ReadOnlySpan<byte> LspciMarker => "HeaderLog:"u8;
    private static ReadOnlySpan<byte> PrefixMarker => "E-E Prefixes:"u8;

    /// <summary>Bytes of the longest input: a TLP with sequence number and LCRC.</summary>
    public const int MaxBytes = 2 + TlpCodec.MaxDwords * 4 + 4;

    private readonly byte[] _bytes = new byte[MaxBytes];
    private readonly uint[] _dwords = new uint[TlpCodec.MaxDwords];
    private int _byteCount;
    private int _dwordCount;

    /// <summary>The bytes, first sent first.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _byteCount);

    /// <summary>The DWs, byte 0 in bits 31:24; prefixes that a log prints last come first here.</summary>
    public ReadOnlySpan<uint> Dwords => _dwords.AsSpan(0, _dwordCount);

    /// <summary>The fourth DW of a Header Log whose TLP has a 3 DW header: no part of it (§7.8.4.8). Null otherwise.</summary>
    public uint? DroppedLogDword { get; private set; }

    /// <summary>Reads a line. Null if it was read, else what is wrong with it.</summary>
    /// <param name="line">The text.</param>
    /// <param name="broken">The rule behind an error.</param>
    public string? Read(ReadOnlySpan<byte> line, out TlpRule broken)
    {
        broken = TlpRule.Input;
        (_byteCount, _dwordCount, DroppedLogDword) = (0, 0, null);
        bool fromLog = FindLog(ref line, out bool flit);
        if (flit)
        {
            broken = TlpRule.FlitMode;
            return TlpRules.Text(broken);
        }
        var prefixes = ReadOnlySpan<byte>.Empty;
        if (fromLog && line.IndexOf(PrefixMarker) is >= 0 and var at)
        {
            prefixes = line[(at + PrefixMarker.Length)..];
            line = line[..at];
        }
        if (ReadHex(prefixes) is { } wrong)
            return wrong;
        int prefixBytes = _byteCount;
        if (ReadHex(line) is { } wrongToo)
            return wrongToo;
        if (_byteCount == prefixBytes)
            return "no hexadecimal DWs";
        return fromLog ? TakeLog(prefixBytes / 4, ref broken) : null;
    }

    /// <summary>Turns the bytes from an offset on into DWs. Null if they are whole DWs, else what is wrong.</summary>
    public string? TakeDwords(int offset = 0, int trailer = 0)
    {
        int length = _byteCount - offset - trailer;
        if (length < 0 || length % 4 != 0)
            return $"{_byteCount * 2} hexadecimal digits: a DW has 8";
        if (length / 4 > TlpCodec.MaxDwords)
            return $"longer than any TLP ({TlpCodec.MaxDwords} DWs)";
        _dwordCount = length / 4;
        for (int i = 0; i < _dwordCount; i++)
            _dwords[i] = BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(offset + i * 4));
        return null;
    }

    private static bool FindLog(ref ReadOnlySpan<byte> line, out bool flit)
    {
        flit = false;
        int lspci = line.IndexOf(LspciMarker);
        if (lspci >= 0)
        {
            line = line[(lspci + LspciMarker.Length)..];
            return true;
        }
        int marker = line.IndexOf(LogMarker);
        if (marker < 0)
            return false;
        line = line[(marker + LogMarker.Length)..];
        int colon = line.IndexOf((byte)':');
        flit = colon > 0 && line[..colon].IndexOf("Flit"u8) >= 0;
        line = line[(colon + 1)..];
        return true;
    }

    // A Header Log has four DWs whatever the header's size is.
    private string? TakeLog(int prefixes, ref TlpRule broken)
    {
        if (TakeDwords() is { } wrong)
            return wrong;
        var header = _dwords.AsSpan(prefixes, _dwordCount - prefixes);
        if (header.Length > 4)
            return $"a Header Log has four DWs, not {header.Length}";
        if (prefixes == 0 && header.IndexOfAnyExcept(0u) < 0)
        {
            broken = TlpRule.Empty;
            return "the Header Log is all zeros: no header was recorded";
        }
        if (header.Length == 4 && !TlpPrefix.IsPrefix(header[0]) && new TlpHeader { Dw0 = header[0] }.HeaderDwords == 3)
        {
            DroppedLogDword = header[3];
            _dwordCount--;
        }
        broken = TlpRule.None;
        return null;
    }

    private string? ReadHex(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            text = text.TrimStart(" \t,"u8);
            if (text.IsEmpty)
                return null;
            int length = text.IndexOfAny(" \t,"u8);
            var token = length < 0 ? text : text[..length];
            text = text[token.Length..];
            if (ReadToken(token) is { } wrong)
                return wrong;
        }
    }

    private string? ReadToken(ReadOnlySpan<byte> token)
    {
        int padding = 0;
        var digits = token;
        if (token.Length > 2 && token[0] == '0' && (token[1] | 0x20) == 'x')
        {
            digits = token[2..];
            padding = digits.Length < 8 ? 8 - digits.Length : 0; // 0xf is a DW
        }
        if (digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0 && !IsHex(digits))
            return $"'{Show(token)}' is not hexadecimal";
        if ((digits.Length + padding) % 2 != 0)
            return $"'{Show(token)}' has an odd number of hexadecimal digits";
        int bytes = (digits.Length + padding) / 2;
        if (_byteCount + bytes > MaxBytes)
            return $"longer than any TLP ({TlpCodec.MaxDwords} DWs)";
        for (int i = 0; i < bytes; i++)
        {
            int high = i * 2 - padding;
            int value = (high < 0 ? 0 : Nibble(digits[high])) << 4 | (high + 1 < 0 ? 0 : Nibble(digits[high + 1]));
            _bytes[_byteCount++] = (byte)value;
        }
        return null;
    }

    private static bool IsHex(ReadOnlySpan<byte> digits)
    {
        foreach (byte digit in digits)
        {
            if (!char.IsAsciiHexDigit((char)digit))
                return false;
        }
        return true;
    }

    private static int Nibble(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static string Show(ReadOnlySpan<byte> token)
    {
        string text = System.Text.Encoding.UTF8.GetString(token[..Math.Min(token.Length, 40)]);
        return token.Length > 40 ? text + "..." : text;
    }
}
