namespace Sim.Vfio.VfioPci;

/// <summary>What a kernel does to its users' access while a device is in a state in which it need not respond.</summary>
public enum RevokePolicy
{
    /// <summary>Nothing: as Linux does today.</summary>
    None,

    /// <summary>CPU mappings are zapped and a fault is a SIGBUS; read() and write() on the region still work.</summary>
    ZapOnNotRunning,

    /// <summary>As <see cref="ZapOnNotRunning"/>, and dma-bufs of BARs are revoked: peers' access ends, too, where the importer hears of
    /// it.</summary>
    RevokeOnNotRunning,

    /// <summary>Mappings are zapped, and read(), write() and ioeventfds are refused too.</summary>
    FenceOnNotRunning,
}
