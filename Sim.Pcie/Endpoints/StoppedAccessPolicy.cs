using Sim.Pcie.Spec;

namespace Sim.Pcie.Endpoints;

/// <summary>What a stopped function does with a store to its guest registers.</summary>
public enum StoppedStore
{
    /// <summary>Sunk: accepted on the link, no register sees it.</summary>
    Discard,

    /// <summary>Unsupported Request.</summary>
    UnsupportedRequest,

    /// <summary>Completer Abort.</summary>
    CompleterAbort,

    /// <summary>No fence: the registers take it, though nothing is issued. What an image would hold changes.</summary>
    Unfenced,

    /// <summary>No fence, and a doorbell makes the device run again: the device has no other way to be started.</summary>
    DoorbellRestarts,
}

/// <summary>What a stopped function answers to a load from its guest registers.</summary>
public enum StoppedLoad
{
    /// <summary>Successful, with data that means nothing.</summary>
    Garbage,

    /// <summary>Successful, all ones.</summary>
    AllOnes,

    /// <summary>Successful, the register's last value; reading has no side effect.</summary>
    Stale,

    /// <summary>No fence: the register is read, side effects included.</summary>
    Unfenced,

    /// <summary>Unsupported Request.</summary>
    UnsupportedRequest,

    /// <summary>Completer Abort.</summary>
    CompleterAbort,

    /// <summary>Never completed: the requester's completion timeout ends it (§2.8).</summary>
    NoCompletion,
}

/// <summary>
/// What a function does with requests to its guest registers while its responder is suspended: the contested choice of the 2021 debate.
/// </summary>
/// <param name="Store">Writes.</param>
/// <param name="Load">Reads.</param>
public sealed record StoppedAccessPolicy(StoppedStore Store, StoppedLoad Load)
{
    /// <summary>Writes are sunk, reads complete with data that means nothing: what mlx5 is reported to do.</summary>
    public static StoppedAccessPolicy Discard { get; } = new(StoppedStore.Discard, StoppedLoad.Garbage);

    /// <summary>Unsupported Request for both.</summary>
    public static StoppedAccessPolicy UnsupportedRequest { get; } = new(StoppedStore.UnsupportedRequest, StoppedLoad.UnsupportedRequest);

    /// <summary>Completer Abort for both.</summary>
    public static StoppedAccessPolicy CompleterAbort { get; } = new(StoppedStore.CompleterAbort, StoppedLoad.CompleterAbort);

    /// <summary>Writes are sunk, reads never complete.</summary>
    public static StoppedAccessPolicy NoCompletion { get; } = new(StoppedStore.Discard, StoppedLoad.NoCompletion);

    /// <summary>No fence at all.</summary>
    public static StoppedAccessPolicy Unfenced { get; } = new(StoppedStore.Unfenced, StoppedLoad.Unfenced);

    /// <summary>No fence, and a doorbell makes the device run again.</summary>
    public static StoppedAccessPolicy DoorbellRestarts { get; } = new(StoppedStore.DoorbellRestarts, StoppedLoad.Unfenced);

    /// <summary>The decision on a request.</summary>
    public AccessDecision Decide(in TlpHeader header) => header.IsMemoryWrite
        ? Store switch
        {
            StoppedStore.Discard => AccessDecision.Discard,
            StoppedStore.UnsupportedRequest => AccessDecision.UnsupportedRequest,
            StoppedStore.CompleterAbort => AccessDecision.CompleterAbort,
            _ => AccessDecision.Accept,
        }
        : Load switch
        {
            StoppedLoad.Unfenced => AccessDecision.Accept,
            StoppedLoad.UnsupportedRequest => AccessDecision.UnsupportedRequest,
            StoppedLoad.CompleterAbort => AccessDecision.CompleterAbort,
            StoppedLoad.NoCompletion => AccessDecision.NoCompletion,
            _ => AccessDecision.Discard,
        };
}
