namespace Sim.Pcie.Links;

/// <summary>What holds a link in DL_Down. Several may at once; the link comes up when the last of them has gone.</summary>
[Flags]
public enum LinkDownCause
{
    /// <summary>Nothing: the link is up.</summary>
    None = 0,

    /// <summary>Nobody ordered it: a cable, a card, a lane. A Surprise Down error at the Downstream Port (§3.2.1).</summary>
    Surprise = 1,

    /// <summary>Bridge Control.Secondary Bus Reset of the port above: Hot Reset (§6.6.1).</summary>
    SecondaryBusReset = 2,

    /// <summary>Link Control.Link Disable of the port above (§7.5.3.7).</summary>
    LinkDisable = 4,

    /// <summary>Downstream Port Containment (§6.2.11).</summary>
    Containment = 8,

    /// <summary>The switch above is itself in reset (§6.6.1).</summary>
    UpstreamReset = 16,
}
