using Sim.Pcie.Spec;
using Sim.Pcie.Transactions;

namespace Sim.Pcie.Tests.Transactions;

/// <summary>Random TLPs that hardware could emit, reserved bits set here and there. The same seed gives the same TLPs.</summary>
internal sealed class RandomTlps(int seed)
{
    private static readonly TlpType[] Types = Enum.GetValues<TlpType>()[1..];

    private readonly Random _random = new(seed);
    private readonly uint[] _dws = new uint[TlpCodec.MaxDwords];

    /// <summary>The next TLP, valid until the next call.</summary>
    public ReadOnlySpan<uint> Next()
    {
        int at = Prefixes();
        var header = Header();
        bool withPayload = _random.Next(3) > 0;
        _dws[at++] = header.Dw0;
        _dws[at++] = header.Dw1;
        _dws[at++] = header.Dw2;
        if (header.HeaderDwords == 4)
            _dws[at++] = header.Dw3;
        if (!withPayload)
            return _dws.AsSpan(0, at);
        for (int i = 0; i < header.PayloadBytes / 4; i++)
            _dws[at++] = Bits();
        if (header.Td)
            _dws[at++] = Rarely() ? Bits() : Ecrc.Compute(_dws.AsSpan(0, at - 1));
        return _dws.AsSpan(0, at);
    }

    private uint Bits() => (uint)_random.NextInt64(1L << 32);

    private bool Rarely() => _random.Next(16) == 0;

    private int Prefixes()
    {
        int at = 0;
        if (_random.Next(4) > 0)
            return at;
        for (int i = _random.Next(3); i > 0; i--)
            _dws[at++] = (0x80u | (uint)(new[] { 0, 14, 15 })[_random.Next(3)]) << 24 | Bits() >> 8;
        bool pasid = false;
        for (int i = _random.Next(5); i > 0; i--)
        {
            uint number = (uint)_random.Next(16);
            if (number == 1 && pasid)
                number = 0;
            pasid |= number == 1;
            _dws[at++] = (0x90u | number) << 24 | Bits() >> 8;
        }
        return at;
    }

    private TlpHeader Header()
    {
        var type = Types[_random.Next(Types.Length)];
        uint first = TlpEncodings.FirstByte(type, _random.Next(2) == 0);
        var header = new TlpHeader(first << 24 | Bits() >> 8, Bits(), Bits(), Bits());
        if (!Rarely())
            header.Dw0 &= ~(1u << 17);
        if (_random.Next(4) > 0)
            header.LengthDw = _random.Next(1, 9);
        header.Td = Rarely();
        if ((first & TlpEncodings.FourDwords) == 0)
            header.Dw3 = 0;
        Repair(ref header, type);
        return header;
    }

    private void Repair(ref TlpHeader header, TlpType type)
    {
        switch (type)
        {
            case TlpType.MRd or TlpType.MRdLk or TlpType.MWr or TlpType.DMWr:
                RepairMemory(ref header);
                break;
            case TlpType.FetchAdd or TlpType.Swap or TlpType.CAS:
                int operand = 4 << _random.Next(type == TlpType.CAS ? 3 : 2);
                header.LengthDw = operand / 4 * (type == TlpType.CAS ? 2 : 1);
                header.Address &= ~(ulong)(operand - 1);
                break;
            case TlpType.Msg or TlpType.MsgD:
                RepairMessage(ref header);
                break;
            case TlpType.Cpl or TlpType.CplLk:
                break;
            case TlpType.CplD or TlpType.CplDLk:
                RepairCompletion(ref header);
                break;
            default:
                header.LengthDw = 1;
                header.Tc = 0;
                header.Attributes &= TlpAttributes.IdBasedOrdering;
                header.Dw1 &= ~0xF0u;
                break;
        }
    }

    private void RepairMemory(ref TlpHeader header)
    {
        if (header.At == AddressType.Reserved && !Rarely())
            header.At = AddressType.Untranslated;
        bool translation = header.At == AddressType.TranslationRequest && header.Type == TlpType.MRd;
        int offset = (int)(header.Address & 0xFFC);
        if (!translation && header.LengthDw * 4 > 4096 - offset)
            header.LengthDw = (4096 - offset) / 4;
        if (header.Th && header.Type != TlpType.MWr)
            return; // the Steering Tag has the byte enables' place
        uint be = Bits() & 0xFF;
        bool anyPattern = header.LengthDw == 2 && (header.Address & 4) == 0;
        if (header.LengthDw == 1)
            be &= 0xF;
        else if (!anyPattern)
            be = (uint)(0xF >> _random.Next(4)) << 4 | (0xFu << _random.Next(4)) & 0xF;
        else
            be |= 0x11;
        header.Dw1 = header.Dw1 & ~0xFFu | be;
    }

    private void RepairMessage(ref TlpHeader header)
    {
        if (!Rarely())
            header.Dw1 = header.Dw1 & ~0xFFu | (uint)MessageTable.Rows[_random.Next(MessageTable.Rows.Count)].Code;
        if (header.MessageRouting == MessageRouting.Gathered && header.MessageCode != MessageCode.PmeToAck)
            header.Dw0 &= ~(7u << 24);
        if (MessageTable.Find(header.MessageCode) is { NeedsTc0: true })
            header.Tc = 0;
        if (MessageTable.Readiness(in header) != ReadinessMessage.None)
            header.Dw2 ^= 0x100; // another vendor's
    }

    private void RepairCompletion(ref TlpHeader header)
    {
        int carried = header.LengthDw * 4 - (header.LowerAddress & 3);
        if (_random.Next(2) == 0)
            header.ByteCount = Math.Max(1, carried - _random.Next(4));
        else
        {
            int toBoundary = 64 - (header.LowerAddress & 63);
            header.LengthDw = (toBoundary + (header.LowerAddress & 3)) / 4;
            header.ByteCount = toBoundary + _random.Next(1, 2000);
        }
    }
}
