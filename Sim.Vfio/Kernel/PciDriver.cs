namespace Sim.Vfio.Kernel;

/// <summary>How the channel to a device is when its driver hears of an error.</summary>
public enum ChannelState
{
    /// <summary>I/O still works (non-fatal).</summary>
    Normal,

    /// <summary>I/O is blocked until a reset (fatal).</summary>
    Frozen,
}

/// <summary>What a driver asks for during error recovery, from the kernel's list.</summary>
public enum ErrorVote
{
    /// <summary>No opinion.</summary>
    None,

    /// <summary>The device can go on without a reset.</summary>
    CanRecover,

    /// <summary>The device needs a reset.</summary>
    NeedReset,

    /// <summary>The device is lost.</summary>
    Disconnect,

    /// <summary>The device works again.</summary>
    Recovered,

    /// <summary>The driver has no error_detected.</summary>
    NoAerDriver,
}

/// <summary>Merging of votes, in the order in which drivers are asked.</summary>
public static class ErrorVotes
{
    /// <summary>The vote so far and one more: no driver beats all, a reset beats everything but that, "none" changes nothing.</summary>
    public static ErrorVote Merge(ErrorVote sofar, ErrorVote vote) => (sofar, vote) switch
    {
        (_, ErrorVote.NoAerDriver) => ErrorVote.NoAerDriver,
        (_, ErrorVote.None) => sofar,
        (ErrorVote.CanRecover or ErrorVote.Recovered, _) => vote,
        (ErrorVote.Disconnect, ErrorVote.NeedReset) => ErrorVote.NeedReset,
        _ => sofar,
    };
}

/// <summary>The driver of a Function, as far as error recovery calls it.</summary>
public abstract class PciDriver
{
    /// <summary>The name in the kernel log.</summary>
    public abstract string Name { get; }

    /// <summary>Whether it has error_detected; without it nothing below the same port recovers.</summary>
    public virtual bool HandlesErrors => true;

    /// <summary>An error was reported below the port above: say what the device needs.</summary>
    public abstract Task<ErrorVote> ErrorDetectedAsync(PciFunction function, ChannelState channel);

    /// <summary>Everybody can recover: MMIO works.</summary>
    public virtual Task<ErrorVote> MmioEnabledAsync(PciFunction function) => Task.FromResult(ErrorVote.None);

    /// <summary>The bus was reset, or somebody asked for it: bring the device up again.</summary>
    public virtual Task<ErrorVote> SlotResetAsync(PciFunction function) => Task.FromResult(ErrorVote.None);

    /// <summary>Recovery is over: work again.</summary>
    public virtual Task ResumeAsync(PciFunction function) => Task.CompletedTask;
}
