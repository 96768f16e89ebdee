namespace Sim.Vfio.VfioPci;

/// <summary>What a kernel does to its users' access while a device is in a state in which it need not respond.</summary>
public enum RevokePolicy
{
    /// <summary>Nothing: as Linux does today.</summary>
    None,

    /// <summary>CPU mappings are zapped and a fault is a SIGBUS; read() and write() on the region still work.</summary>
    ZapOnNotRunning,

    /// <summary>Mappings are zapped, and read(), write() and ioeventfds are refused too.</summary>
    FenceOnNotRunning,
}
