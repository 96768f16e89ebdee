using Sim.Core;
using Sim.Pcie.Config;
using Sim.Pcie.Topology;

namespace Sim.Pcie.Links;

/// <summary>A link between a downstream port (above) and an upstream port (below): two independent directions.</summary>
public sealed class Link
{
    /// <summary>A test's look at every link that is connected on its thread; null outside of tests.</summary>
    [ThreadStatic]
    internal static Action<Link>? Connected;

    private Link(Port upper, Port lower, LinkSpeed speed, LinkWidth width, LinkProfile profile)
    {
        Upper = upper;
        Lower = lower;
        Speed = speed;
        Width = width;
        Profile = profile;
        var rate = profile.RateOf(speed, width);
        Downstream = new LinkDirection(this, upper, lower, rate);
        Upstream = new LinkDirection(this, lower, upper, rate);
    }

    /// <summary>The port nearer to the Root Complex.</summary>
    public Port Upper { get; }

    /// <summary>The port farther from the Root Complex.</summary>
    public Port Lower { get; }

    /// <summary>Negotiated speed.</summary>
    public LinkSpeed Speed { get; }

    /// <summary>Negotiated width.</summary>
    public LinkWidth Width { get; }

    /// <summary>Timing beside speed and width.</summary>
    public LinkProfile Profile { get; }

    /// <summary>The direction away from the Root Complex.</summary>
    public LinkDirection Downstream { get; }

    /// <summary>The direction towards the Root Complex.</summary>
    public LinkDirection Upstream { get; }

    /// <summary>DL_Up (§2.9): TLPs pass.</summary>
    public bool IsUp => DownCauses == LinkDownCause.None;

    /// <summary>What holds the link down; none while it is up.</summary>
    public LinkDownCause DownCauses { get; private set; }

    /// <summary>How the Function below an ordered or unordered down is reset: Hot Reset is ordered in-band, anything else is DL_Down
    /// (§6.6.1, §2.9.1).</summary>
    internal ResetKind ResetKindOfDown =>
        (DownCauses & (LinkDownCause.SecondaryBusReset | LinkDownCause.UpstreamReset)) != 0 ? ResetKind.Hot : ResetKind.LinkDown;

    /// <summary>Both ports and the new state, whenever the link goes down or comes up.</summary>
    public Probe<bool> StateChanged { get; } = new();

    /// <summary>Connects two ports.</summary>
    /// <exception cref="InvalidOperationException">A port is already connected, or both belong to different simulators.</exception>
    public static Link Connect(Port upper, Port lower, LinkSpeed speed, LinkWidth width, LinkProfile? profile = null)
    {
        if (upper.Link is not null) throw new InvalidOperationException($"{upper.Name} is already connected");
        if (lower.Link is not null) throw new InvalidOperationException($"{lower.Name} is already connected");
        if (upper.Sim != lower.Sim) throw new InvalidOperationException($"{upper.Name} and {lower.Name} belong to different simulators");
        var link = new Link(upper, lower, speed, width, profile ?? LinkProfile.Standard);
        upper.Attach(link, link.Downstream);
        lower.Attach(link, link.Upstream);
        Connected?.Invoke(link);
        return link;
    }

    /// <summary>DL_Down (§2.9.1): what is on the wire is lost; the lower port sees a hot reset (§6.6.1), the upper port a surprise or
    /// ordered down.</summary>
    public void TakeDown(LinkDownCause cause = LinkDownCause.Surprise)
    {
        var wasUp = IsUp;
        DownCauses |= cause;
        if (!wasUp) return;
        Downstream.OnLinkDown();
        Upstream.OnLinkDown();
        StateChanged.Emit(Upper.Sim.Now, false);
        Upper.OnLinkStateChanged(up: false);
        Lower.OnLinkStateChanged(up: false);
    }

    /// <summary>Takes causes away. With the last one gone the link is in DL_Up: flow control is initialised anew and TLPs pass
    /// again.</summary>
    public void BringUp(LinkDownCause cause = LinkDownCause.Surprise)
    {
        if (IsUp) return;
        DownCauses &= ~cause;
        if (!IsUp) return;
        Downstream.OnLinkUp();
        Upstream.OnLinkUp();
        StateChanged.Emit(Upper.Sim.Now, true);
        Upper.OnLinkStateChanged(up: true);
        Lower.OnLinkStateChanged(up: true);
    }
}
