namespace Sim.Mlx5.Spec;

/// <summary>Doorbell records: two DWs in host memory, which drivers write before they ring a doorbell.</summary>
public static class DoorbellRecords
{
    /// <summary>Bytes.</summary>
    public const int Size = 8;

    /// <summary>QP: receive WQEs posted, 15:0.</summary>
    public static BitField Receive => new(0x00, 15, 0);

    /// <summary>QP: send basic blocks posted, 15:0.</summary>
    public static BitField Send => new(0x04, 15, 0);

    /// <summary>CQ: consumer index.</summary>
    public static BitField CqConsumer => new(0x00, 23, 0);

    /// <summary>CQ: the DW that was last written to <see cref="UarPage.CqArm"/>.</summary>
    public static BitField CqArm => new(0x04, 31, 0);
}
