namespace Sim.Mlx5.Spec;

/// <summary>Types of events.</summary>
public enum EventType : byte
{
    /// <summary>A CQ has completions.</summary>
    Completion = 0x00,

    /// <summary>A CQ failed.</summary>
    CqError = 0x04,

    /// <summary>A work queue failed for good.</summary>
    WqCatastrophic = 0x05,

    /// <summary>The HCA failed.</summary>
    InternalError = 0x08,

    /// <summary>A command is done.</summary>
    CommandCompletion = 0x0A,

    /// <summary>Firmware wants pages.</summary>
    PageRequest = 0x0B,

    /// <summary>A request was not understood.</summary>
    WqInvalidRequest = 0x10,

    /// <summary>A request had no access.</summary>
    WqAccessError = 0x11,
}
