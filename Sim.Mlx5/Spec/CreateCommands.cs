namespace Sim.Mlx5.Spec;

/// <summary>Where CREATE_MKEY, CREATE_EQ, CREATE_CQ, CREATE_QP and the QP transitions carry their contexts and page lists.</summary>
public static class CreateCommands
{
    /// <summary>Bytes of their input without page list.</summary>
    public const int InputSize = 0x110;

    /// <summary>Byte offset of mkey, EQ and CQ contexts.</summary>
    public const int Context = 0x10;

    /// <summary>Byte offset of the QP context, in QP transitions and in QUERY_QP's output too.</summary>
    public const int QpContext = 0x18;

    /// <summary>CREATE_EQ: byte offset of the event bitmask, four quadwords, event 0 in bit 0 of the first.</summary>
    public const int EventBitmask = 0x58;

    /// <summary>Byte offset of the page list.</summary>
    public const int Pages = 0x110;

    /// <summary>CREATE_MKEY: octwords (two entries each) of the page list.</summary>
    public static BitField MkeyTranslationOctwords => new(0x60, 31, 0);

    /// <summary>DESTROY_EQ: EQ number.</summary>
    public static BitField EqNumber => new(0x08, 7, 0);
}
