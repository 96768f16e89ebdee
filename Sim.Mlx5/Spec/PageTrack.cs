namespace Sim.Mlx5.Spec;

/// <summary>States of a page tracker.</summary>
public enum PageTrackState : byte
{
    /// <summary>Writes of the VF are logged.</summary>
    Tracking = 0,

    /// <summary>What was logged in a range is being sent.</summary>
    Reporting = 1,

    /// <summary>The log is incomplete; for good.</summary>
    Error = 2,
}

/// <summary>
/// The page tracker, a general object of the PF: which pages a VF writes by DMA. Reports are messages on an RC QP, each of 8-byte
/// big-endian addresses, whose immediate data have the state in bits 31:28.
/// </summary>
public static class PageTrack
{
    /// <summary>Bytes without ranges.</summary>
    public const int Size = 0x30;

    /// <summary>Bytes of a range.</summary>
    public const int RangeSize = 0x10;

    /// <summary>Bytes of an entry of a report.</summary>
    public const int EntrySize = 8;

    /// <summary><see cref="FieldSelect"/>: the state is modified.</summary>
    public const ulong SelectState = 1;

    /// <summary><see cref="FieldSelect"/>: the range of the report is given.</summary>
    public const ulong SelectRange = 2;

    /// <summary><see cref="Type"/>: pages are logged as addresses.</summary>
    public const uint LogPages = 1;

    /// <summary>Immediate data of a report: lowest bit of the state.</summary>
    public const int ImmediateStateShift = 28;

    /// <summary>MODIFY: what is modified.</summary>
    public static QwordField FieldSelect => new(0x00);

    /// <summary>The VF's vhca_id.</summary>
    public static BitField VhcaId => new(0x08, 15, 0);

    /// <summary>State (<see cref="PageTrackState"/>).</summary>
    public static BitField State => new(0x10, 31, 28);

    /// <summary>Kind of log.</summary>
    public static BitField Type => new(0x10, 27, 24);

    /// <summary>log2 of all ranges together.</summary>
    public static BitField LogAddressSpace => new(0x10, 23, 16);

    /// <summary>log2 of the page size.</summary>
    public static BitField LogPageSize => new(0x10, 12, 8);

    /// <summary>log2 of the longest message of a report.</summary>
    public static BitField LogMessageSize => new(0x10, 4, 0);

    /// <summary>QP on which reports are sent.</summary>
    public static BitField ReportingQp => new(0x14, 23, 0);

    /// <summary>Ranges.</summary>
    public static BitField RangeCount => new(0x18, 7, 0);

    /// <summary>MODIFY: range of a report.</summary>
    public static QwordField RangeStart => new(0x20);

    /// <summary>MODIFY: its bytes.</summary>
    public static QwordField RangeLength => new(0x28);

    /// <summary>First range: start address, then bytes.</summary>
    public const int Ranges = 0x30;

    /// <summary>Capability: log2 of the trackers.</summary>
    public static BitField LogMaxTrackers => new(0x00, 28, 24);

    /// <summary>Capability: ranges of a tracker.</summary>
    public static BitField MaxRanges => new(0x00, 23, 16);

    /// <summary>Capability: log2 of the least that all ranges may have together.</summary>
    public static BitField LogMinAddressSpace => new(0x00, 15, 8);

    /// <summary>Capability: log2 of the most.</summary>
    public static BitField LogMaxAddressSpace => new(0x00, 7, 0);

    /// <summary>Capability: log2 of the shortest limit of a message.</summary>
    public static BitField LogMinMessageSize => new(0x04, 28, 24);

    /// <summary>Capability: log2 of the longest.</summary>
    public static BitField LogMaxMessageSize => new(0x04, 20, 16);

    /// <summary>Capability: log2 of the smallest page.</summary>
    public static BitField LogMinPageSize => new(0x04, 12, 8);

    /// <summary>Capability: log2 of the largest.</summary>
    public static BitField LogMaxPageSize => new(0x04, 4, 0);
}
