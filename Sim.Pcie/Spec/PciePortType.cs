namespace Sim.Pcie.Spec;

/// <summary>Device/Port Type of the PCI Express Capabilities Register (§7.5.3.2).</summary>
public enum PciePortType
{
    /// <summary>PCI Express Endpoint.</summary>
    Endpoint = 0,

    /// <summary>Legacy PCI Express Endpoint.</summary>
    LegacyEndpoint = 1,

    /// <summary>Root Port of a Root Complex.</summary>
    RootPort = 4,

    /// <summary>Upstream Port of a Switch.</summary>
    UpstreamPort = 5,

    /// <summary>Downstream Port of a Switch.</summary>
    DownstreamPort = 6,

    /// <summary>Root Complex Integrated Endpoint.</summary>
    RootComplexIntegratedEndpoint = 9,

    /// <summary>Root Complex Event Collector.</summary>
    RootComplexEventCollector = 10,
}
