namespace Sim.Mlx5.Spec;

/// <summary>Doorbells of a UAR page; offsets from its beginning.</summary>
public static class UarPage
{
    /// <summary>CQ arm, 8 bytes: sequence number 29:28, command 24, consumer index 23:0; then the CQ number.</summary>
    public const int CqArm = 0x20;

    /// <summary>EQ arm: EQ number 31:24, consumer index 23:0.</summary>
    public const int EqArm = 0x40;

    /// <summary>EQ consumer index without arming.</summary>
    public const int EqUpdate = 0x48;

    /// <summary>SQ doorbell, 8 bytes: the first two DWs of the last WQE's control segment. Also the first BlueFlame buffer.</summary>
    public const int SqDoorbell = 0x800;

    /// <summary>Second BlueFlame buffer.</summary>
    public const int SqDoorbellAlternate = 0x900;

    /// <summary>First DW of a CQ arm: sequence number.</summary>
    public static BitField ArmSequence => new(0x00, 29, 28);

    /// <summary>First DW of a CQ arm: event only for solicited completions.</summary>
    public static BitField ArmSolicitedOnly => new(0x00, 24, 24);

    /// <summary>First DW of a CQ arm or an EQ doorbell: consumer index.</summary>
    public static BitField ConsumerIndex => new(0x00, 23, 0);

    /// <summary>EQ doorbell: EQ number.</summary>
    public static BitField EqNumber => new(0x00, 31, 24);

    /// <summary>Second DW of a CQ arm: CQ number.</summary>
    public static BitField CqNumber => new(0x04, 23, 0);

    /// <summary>Second DW of an SQ doorbell: QP number.</summary>
    public static BitField QpNumber => new(0x04, 31, 8);
}
