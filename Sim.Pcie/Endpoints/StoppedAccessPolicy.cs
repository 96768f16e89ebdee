namespace Sim.Pcie.Endpoints;

/// <summary>What a function does with requests to its guest registers while its responder is suspended: the contested choice of the 2021 debate.</summary>
public enum StoppedAccessPolicy
{
    /// <summary>Writes are sunk, reads complete with data that means nothing.</summary>
    Discard,

    /// <summary>Unsupported Request.</summary>
    UnsupportedRequest,

    /// <summary>Completer Abort.</summary>
    CompleterAbort,

    /// <summary>Writes are sunk, reads never complete.</summary>
    NoCompletion,

    /// <summary>No fence: the registers act on it, though nothing is issued. What an image would hold changes.</summary>
    Unfenced,

    /// <summary>No fence, and a doorbell makes the device run again: the device has no other way to be started.</summary>
    DoorbellRestarts,
}
