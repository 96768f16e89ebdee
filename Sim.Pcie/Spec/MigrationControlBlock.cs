namespace Sim.Pcie.Spec;

/// <summary>
/// Migration control registers of this project's own simple devices: the upper half of BAR0, little-endian, which the host driver keeps and
/// never maps to a user, as real devices with this layout do. They answer in every state.
/// </summary>
public static class MigrationControlBlock
{
    /// <summary>Offset of the block in BAR0: its upper half.</summary>
    public const int Base = 0x4000;

    /// <summary>DVSEC ID (§7.9.6) of the structure that tells a driver where the block is; its Vendor ID is that of the devices.</summary>
    public const ushort DvsecId = 1;

    /// <summary>Command, write-only: one of the commands below; ignored while busy.</summary>
    public const int Command = Base + 0x00;

    /// <summary>Status, read-only: the bits below.</summary>
    public const int Status = Base + 0x04;

    /// <summary>Bytes of the image: read after <see cref="Save"/>, written before <see cref="Load"/>.</summary>
    public const int ImageLength = Base + 0x08;

    /// <summary>Features, read-only: the bits below.</summary>
    public const int Features = Base + 0x0C;

    /// <summary>Whether the state differs from the image saved last, read-only: 0 or 1.</summary>
    public const int ImageChanged = Base + 0x10;

    /// <summary>First address of the write log, 64 bits; a multiple of 4 KiB.</summary>
    public const int LogBase = Base + 0x18;

    /// <summary>Pages of 4 KiB that the write log covers, or that <see cref="ReadLog"/> reads.</summary>
    public const int LogPages = Base + 0x20;

    /// <summary>Window of <see cref="ImageSize"/> bytes in which the image lies after <see cref="Save"/> and from which <see cref="Load"/>
    /// takes it.</summary>
    public const int Image = Base + 0x2000;

    /// <summary>Bytes of the window.</summary>
    public const int ImageSize = 0x2000;

    /// <summary>Command: stop issuing; busy until all outstanding requests have completed.</summary>
    public const uint SuspendInitiator = 1;

    /// <summary>Command: stop acting on requests to the lower half.</summary>
    public const uint SuspendResponder = 2;

    /// <summary>Command: act on requests again.</summary>
    public const uint ResumeResponder = 3;

    /// <summary>Command: issue again.</summary>
    public const uint ResumeInitiator = 4;

    /// <summary>Command: put the state into the window.</summary>
    public const uint Save = 5;

    /// <summary>Command: take the state from the window.</summary>
    public const uint Load = 6;

    /// <summary>Command: log which of <see cref="LogPages"/> pages from <see cref="LogBase"/> on the device writes.</summary>
    public const uint StartLog = 7;

    /// <summary>Command: log no more.</summary>
    public const uint StopLog = 8;

    /// <summary>Command: put a bit for each of <see cref="LogPages"/> pages from <see cref="LogBase"/> on into the window, set where the
    /// page was written, and forget them. Fails where nothing is logged.</summary>
    public const uint ReadLog = 9;

    /// <summary>Status bit: a command is being carried out.</summary>
    public const uint Busy = 1;

    /// <summary>Status bit: the last command failed.</summary>
    public const uint Failed = 2;

    /// <summary>Status bit: initiator suspended.</summary>
    public const uint InitiatorIsSuspended = 0x100;

    /// <summary>Status bit: responder suspended.</summary>
    public const uint ResponderIsSuspended = 0x200;

    /// <summary>Feature bit: the initiator can be suspended alone, while the device responds to peers.</summary>
    public const uint PeerToPeerState = 1;

    /// <summary>Feature bit: <see cref="Save"/> works while the device runs.</summary>
    public const uint PreCopyState = 2;

    /// <summary>Feature bit: there is a write log.</summary>
    public const uint WriteLog = 4;

    /// <summary>Bytes of a page of the write log.</summary>
    public const int LogPageBytes = 4096;

    /// <summary>Most pages that the write log covers: 4 GiB.</summary>
    public const int MaxLogPages = 1 << 20;
}
