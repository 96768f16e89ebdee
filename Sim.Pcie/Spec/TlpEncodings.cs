namespace Sim.Pcie.Spec;

/// <summary>Fmt and Type, the first byte of a TLP, to type and class and back (§2.2.1, Tables 2-2 and 2-3).</summary>
public static class TlpEncodings
{
    /// <summary>Fmt bit 0 in the first byte: the header has four DWs.</summary>
    public const byte FourDwords = 0x20;

    /// <summary>Fmt bit 1 in the first byte: a payload follows.</summary>
    public const byte WithData = 0x40;

    /// <summary>Fmt bit 2 in the first byte: a TLP Prefix, not a header.</summary>
    public const byte Prefix = 0x80;

    // The one table. A type with `either` exists with 32-bit and 64-bit addresses; for Messages the low three bits are the routing.
    private static readonly (TlpType Type, byte First, bool Either, FlowClass Class)[] Table =
    [
        (TlpType.MRd, 0x00, true, FlowClass.NonPosted),
        (TlpType.MRdLk, 0x01, true, FlowClass.NonPosted),
        (TlpType.MWr, 0x40, true, FlowClass.Posted),
        (TlpType.DMWr, 0x5B, true, FlowClass.NonPosted),
        (TlpType.IORd, 0x02, false, FlowClass.NonPosted),
        (TlpType.IOWr, 0x42, false, FlowClass.NonPosted),
        (TlpType.CfgRd0, 0x04, false, FlowClass.NonPosted),
        (TlpType.CfgWr0, 0x44, false, FlowClass.NonPosted),
        (TlpType.CfgRd1, 0x05, false, FlowClass.NonPosted),
        (TlpType.CfgWr1, 0x45, false, FlowClass.NonPosted),
        (TlpType.Msg, 0x30, false, FlowClass.Posted),
        (TlpType.MsgD, 0x70, false, FlowClass.Posted),
        (TlpType.Cpl, 0x0A, false, FlowClass.Completion),
        (TlpType.CplD, 0x4A, false, FlowClass.Completion),
        (TlpType.CplLk, 0x0B, false, FlowClass.Completion),
        (TlpType.CplDLk, 0x4B, false, FlowClass.Completion),
        (TlpType.FetchAdd, 0x4C, true, FlowClass.NonPosted),
        (TlpType.Swap, 0x4D, true, FlowClass.NonPosted),
        (TlpType.CAS, 0x4E, true, FlowClass.NonPosted),
    ];

    private static readonly TlpType[] Types = BuildTypes();
    private static readonly FlowClass[] Classes = BuildClasses();

    /// <summary>The type of a TLP whose header begins with this byte; Reserved for prefixes and reserved combinations.</summary>
    public static TlpType TypeOf(byte first) => Types[first];

    /// <summary>The flow-control class of a TLP whose header begins with this byte; NonPosted for what is not a TLP.</summary>
    public static FlowClass ClassOf(byte first) => Classes[first];

    /// <summary>The first header byte of a type; for Messages with routing 0.</summary>
    /// <param name="type">Any type but Reserved.</param>
    /// <param name="fourDwords">Take the 64-bit address form, where the type has one.</param>
    /// <exception cref="ArgumentOutOfRangeException">Reserved has no encoding.</exception>
    public static byte FirstByte(TlpType type, bool fourDwords = false)
    {
        if (type is TlpType.Reserved or > TlpType.CAS)
            throw new ArgumentOutOfRangeException(nameof(type), type, "no such TLP type");
        ref readonly var row = ref Table[(int)type - 1];
        return (byte)(row.First | (fourDwords && row.Either ? FourDwords : 0));
    }

    /// <summary>True if the type exists with both a 3 DW (32-bit address) and a 4 DW (64-bit address) header.</summary>
    public static bool HasEitherAddress(TlpType type) => type is > TlpType.Reserved and <= TlpType.CAS && Table[(int)type - 1].Either;

    private static TlpType[] BuildTypes()
    {
        var types = new TlpType[256];
        ForEachByte((first, type, _) => types[first] = type);
        return types;
    }

    private static FlowClass[] BuildClasses()
    {
        var classes = new FlowClass[256];
        Array.Fill(classes, FlowClass.NonPosted);
        ForEachByte((first, _, flow) => classes[first] = flow);
        return classes;
    }

    private static void ForEachByte(Action<byte, TlpType, FlowClass> visit)
    {
        foreach (var (type, first, either, flow) in Table)
        {
            int routings = type is TlpType.Msg or TlpType.MsgD ? 8 : 1;
            for (int routing = 0; routing < routings; routing++)
                visit((byte)(first + routing), type, flow);
            if (either)
                visit((byte)(first | FourDwords), type, flow);
        }
    }
}
