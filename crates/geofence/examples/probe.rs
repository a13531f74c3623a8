use geofence::sea::*; use model::Position; use std::time::Instant;
fn main(){
    let t=Instant::now(); let sea=Sea::built_in(); println!("built {:?}",t.elapsed());
    let args: Vec<f64>=std::env::args().skip(1).map(|a|a.parse().unwrap()).collect();
    let at=|x:f64,y:f64|Position::from_degrees(x,y).unwrap();
    for (n,p) in [("Busan",at(129.05,35.1)),("N Pacific",at(-160.,40.))] { for nm in [150.,1500.,12000.] { for _ in 0..3 {
        let t=Instant::now(); let w=sea.search(p,nm*1852.); println!("{n} {nm} {:?} {}",t.elapsed(), w.turns_len()); }}}
    if args.len()==4 { let w=sea.search(at(args[0],args[1]),2e7); let to=at(args[2],args[3]);
      println!("{:?} gc {}", w.distance_m(&sea,to).map(|m|m/1852.), at(args[0],args[1]).distance_m(to)/1852.);
      for p in w.path(&sea,to).unwrap_or_default(){println!("{:.3} {:.3}",p.lon as f64/1e6,p.lat as f64/1e6);} }
}
